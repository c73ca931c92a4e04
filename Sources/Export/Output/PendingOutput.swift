/// Something written beside its destination, which has it whole or not at all.
package protocol PendingOutput {
    /// What is written until `publish`.
    var path: String { get }

    /// Moves it to its destination.
    /// - Throws: `ExportError.notWritable`; the destination is then as it was.
    func publish() throws(ExportError)

    /// Removes what was written.
    func discard()
}

extension OutputFile: PendingOutput {}
extension OutputFolder: PendingOutput {}
