/// A library refused to compute. For want of memory, on an unsupported machine, or for matrices that its data do not determine.
package struct KernelError: Error, CustomStringConvertible {
    package enum Code: String, Sendable { case oneDNN, outOfMemory, notPositiveDefinite }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message + "." }

    static func check(_ status: Int32, _ operation: @autoclosure () -> String) throws(KernelError) {
        if status == 0 { return }
        throw status == 1
            ? KernelError(.outOfMemory, "Out of memory in \(operation())")
            : KernelError(.oneDNN, "oneDNN failed with status \(status) in \(operation())")
    }
}
