import Foundation

extension TokenizerDefinition.NormalizerStep {
    /// Well-formed UTF-8 to well-formed UTF-8.
    func normalize(_ text: [UInt8]) -> [UInt8] {
        switch self {
        case .prepend(let prefix): text.isEmpty ? text : prefix + text
        case .replace(let pattern, let content): text.replacing(pattern, with: content)
        // No scalar below U+0300 is changed by composition, none below U+0080 by decomposition.
        case .nfc: text.allSatisfy { $0 < 0xCC } ? text : mapped(text, \.precomposedStringWithCanonicalMapping)
        case .nfd: isASCII(text) ? text : mapped(text, \.decomposedStringWithCanonicalMapping)
        case .nfkc: isASCII(text) ? text : mapped(text, \.precomposedStringWithCompatibilityMapping)
        case .nfkd: isASCII(text) ? text : mapped(text, \.decomposedStringWithCompatibilityMapping)
        }
    }

    private func isASCII(_ text: [UInt8]) -> Bool { text.allSatisfy { $0 < 0x80 } }

    /// Hugging Face normalises by the tables of Unicode 9.0, to which later scalars are inert: they neither decompose,
    /// nor compose, nor change places. (What 9.0 knew, later versions treat alike, by Unicode's stability policy.)
    private func mapped(_ text: [UInt8], _ form: KeyPath<String, String>) -> [UInt8] {
        let string = String(decoding: text, as: UTF8.self)
        guard string.unicodeScalars.contains(where: isLate) else { return Array(string[keyPath: form].utf8) }
        var result = ""
        var known = String.UnicodeScalarView()
        for scalar in string.unicodeScalars {
            guard isLate(scalar) else {
                known.append(scalar)
                continue
            }
            result += String(known)[keyPath: form]
            result.unicodeScalars.append(scalar)
            known = String.UnicodeScalarView()
        }
        result += String(known)[keyPath: form]
        return Array(result.utf8)
    }

    /// Whether the scalar is later than 9.0, and in a place where that can matter: elsewhere in the first plane no later
    /// scalar decomposes or has a combining class.
    private func isLate(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x5C8, 0x2000..<0xA800, 0xAC00..<0x1_0000: return false
        default: break
        }
        guard let age = scalar.properties.age else { return true }
        return age.major > 9
    }
}
