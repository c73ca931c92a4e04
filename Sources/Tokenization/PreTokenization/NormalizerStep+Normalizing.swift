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
        }
    }

    private func isASCII(_ text: [UInt8]) -> Bool { text.allSatisfy { $0 < 0x80 } }

    /// Hugging Face normalises by the tables of Unicode 9.0, to which later scalars are inert: they neither decompose,
    /// nor compose, nor change places. (What 9.0 knew, later versions treat alike, by Unicode's stability policy.)
    private func mapped(_ text: [UInt8], _ form: KeyPath<String, String>) -> [UInt8] {
        let string = String(decoding: text, as: UTF8.self)
        guard string.unicodeScalars.contains(where: { isInert($0) || isMishandled($0) }) else {
            return Array(string[keyPath: form].utf8)
        }
        var result = ""
        var known = String.UnicodeScalarView()
        for scalar in string.unicodeScalars {
            if isMishandled(scalar), let parts = Self.tibetanVowels[scalar] {
                known.append(contentsOf: parts)
            } else if let (lead, vowel) = openSyllable(scalar) {
                known.append(lead)
                known.append(vowel)
            } else if isInert(scalar) {
                result += String(known)[keyPath: form]
                result.unicodeScalars.append(scalar)
                known = String.UnicodeScalarView()
            } else {
                known.append(scalar)
            }
        }
        result += String(known)[keyPath: form]
        return Array(result.utf8)
    }

    /// The scalars of combining class 0 whose decomposition begins with a mark of another class. Foundation decomposes
    /// them, but does not put their parts in order with the marks before them, so they go to it already decomposed.
    private static let tibetanVowels: [Unicode.Scalar: [Unicode.Scalar]] = [
        "\u{F73}": ["\u{F71}", "\u{F72}"], "\u{F75}": ["\u{F71}", "\u{F74}"], "\u{F81}": ["\u{F71}", "\u{F80}"],
    ]

    /// Lead and vowel of a Hangul syllable without a final consonant (Unicode, section 3.12). Foundation joins a
    /// consonant that follows to lead and vowel, but not to the whole syllable.
    private func openSyllable(_ scalar: Unicode.Scalar) -> (lead: Unicode.Scalar, vowel: Unicode.Scalar)? {
        guard scalar.value >= 0xAC00, scalar.value <= 0xD7A3, (scalar.value - 0xAC00) % 28 == 0 else { return nil }
        let index = (scalar.value - 0xAC00) / 28
        guard let lead = Unicode.Scalar(0x1100 + index / 21), let vowel = Unicode.Scalar(0x1161 + index % 21) else {
            return nil
        }
        return (lead, vowel)
    }

    /// A Tibetan vowel, or a final consonant of Hangul.
    private func isMishandled(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xF73, 0xF75, 0xF81, 0x11A8...0x11C2: true
        default: false
        }
    }

    /// Whether the scalar is later than 9.0, where that can matter: elsewhere in the first plane no later scalar
    /// decomposes or has a combining class. The Hangul letters just outside the composing ones are inert by nature, but
    /// Foundation composes them too, or swallows them.
    private func isInert(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1113, 0x1176, 0x11A7, 0x11C3: return true
        case ..<0x5C8, 0x2000..<0xA800, 0xAC00..<0x1_0000: return false
        default: break
        }
        guard let age = scalar.properties.age else { return true }
        return age.major > 9
    }
}
