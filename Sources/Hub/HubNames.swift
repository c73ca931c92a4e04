import Foundation

/// `OWNER/NAME`.
package struct RepositoryName: Sendable, Equatable, CustomStringConvertible {
    package let owner: String
    package let name: String

    /// - Throws: `HubError.badName`.
    package init(_ text: String) throws(HubError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(Self.isName) else {
            throw HubError(
                .badName,
                "'\(shown(text))' is no name of a model on the hub; those look like HuggingFaceTB/SmolLM2-135M")
        }
        (owner, name) = (parts[0], parts[1])
    }

    package var description: String { "\(owner)/\(name)" }

    /// As folders of the cache are called.
    var folder: String { "models--\(owner)--\(name)" }

    /// The hub's own rule.
    private static func isName(_ text: String) -> Bool {
        (1...96).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            } && !text.contains("--") && !text.contains("..") && !text.hasPrefix(".") && !text.hasSuffix(".")
            && !text.hasPrefix("-") && !text.hasSuffix("-")
    }
}

/// Names that come from a server or a user and become paths.
enum SafePath {
    /// Whether a path stays in the folder that it is put into.
    static func isInside(_ path: String) -> Bool {
        !path.isEmpty && path.utf8.count <= 1024
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 && !$0.utf8.contains(0)
            }
    }

    static func isHexadecimal(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// For a path or a query of an address: everything but unreserved characters (RFC 3986, 2.3) is escaped.
    static func escaped(_ text: String, keepingSlashes: Bool = false) -> String {
        var allowed = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        if keepingSlashes { allowed.insert("/") }
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}

/// A name in a sentence: printable, and not too long.
func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(120).map { scalar in
        [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
            ? "\u{FFFD}" : Character(scalar)
    }
    return String(scalars) + (text.unicodeScalars.count > 120 ? "…" : "")
}
