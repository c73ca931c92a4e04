/// What can be said of a text that should be JSON and is not: Foundation names no place that could be relied on.
package enum JSONText {
    /// The line, from 1, in which a text ceases to be JSON (RFC 8259); `nil` for JSON.
    package static func lineOfError(_ json: [UInt8]) -> Int? {
        do throws(TokenizerError) {
            _ = try TokenizerJSONReader.read(json, file: "")
            return nil
        } catch {
            return json.prefix(error.offset ?? 0).reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
        }
    }
}
