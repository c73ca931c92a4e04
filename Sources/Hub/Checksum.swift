import Foundation
import Transfer

/// What the content of a file is known by, which is also what the cache calls it.
package struct Checksum: Sendable, Equatable {
    package enum Kind: Sendable {
        /// Of files that Git LFS keeps.
        case sha256
        /// Of files that are in Git itself: SHA-1 of `blob`, a space, the size, a zero byte and the content.
        case gitBlob
    }

    package let kind: Kind
    /// In hexadecimal.
    package let text: String

    /// `nil` unless it is one of the two by its length: 64 or 40 digits.
    package init?(_ text: String) {
        let text = text.lowercased()
        if SafePath.isHexadecimal(text, digits: 64) {
            kind = .sha256
        } else if SafePath.isHexadecimal(text, digits: 40) {
            kind = .gitBlob
        } else {
            return nil
        }
        self.text = text
    }

    /// An ETag (RFC 9110, 8.8.3), weak or not.
    package init?(entityTag: String) {
        var text = Substring(entityTag.trimmingCharacters(in: .whitespaces))
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count > 1 { text = text.dropFirst().dropLast() }
        self.init(String(text))
    }

    /// Begins to compute the checksum of a file.
    /// - Parameter size: bytes of the whole file.
    func digest(size: Int) -> Digest {
        switch kind {
        case .sha256: return Digest(.sha256)
        case .gitBlob:
            var digest = Digest(.sha1)
            Array("blob \(size)\0".utf8).withUnsafeBytes { digest.update($0) }
            return digest
        }
    }
}
