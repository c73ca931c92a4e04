/// A key or token that cannot be printed by accident: descriptions, dumps and reflection show dots.
package struct AccessKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Shorter keys are the placeholders that local servers are given (`none`, `ollama`), which may well be words of
    /// a reply.
    private static let shortestSecret = 8
    private static let dots = "•••"

    private let secret: String

    /// `nil` unless the text, without white space around it, is one line of printable ASCII: anything else is no key
    /// and must not get into a header.
    package init?(_ text: String) {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        let bytes = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        secret = String(decoding: bytes, as: UTF8.self)
    }

    package var description: String { Self.dots }
    package var debugDescription: String { Self.dots }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The value of the header of that name.
    package var authorization: String { "Bearer \(secret)" }

    /// A text from a server without the key, should it send it back.
    package func removed(from text: String) -> String {
        secret.utf8.count < Self.shortestSecret ? text : text.replacing(secret, with: Self.dots)
    }
}
