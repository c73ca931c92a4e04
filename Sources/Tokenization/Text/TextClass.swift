/// The properties of a scalar that the pre-tokenizers' patterns ask for.
struct TextClass: OptionSet, Sendable {
    let rawValue: UInt8

    /// General category L (`\p{L}`).
    static let letter = TextClass(rawValue: 1)
    /// General category N (`\p{N}`).
    static let number = TextClass(rawValue: 2)
    /// White_Space (`\s`).
    static let space = TextClass(rawValue: 4)
    /// A number for the `Digits` pre-tokenizer, whose Unicode version is newer than the patterns'.
    static let digit = TextClass(rawValue: 8)
}

/// Classes of all scalars, in two stages: pages of 256 scalars, equal pages stored once.
struct TextClassTable: Sendable {
    static let shared = TextClassTable()

    private var pageOfBlock: [UInt16] = []
    private var pages: [UInt8] = []

    private init() {
        var flat = [UInt8](repeating: 0, count: 0x110000)
        func mark(_ ranges: [UInt32], _ value: TextClass) {
            for index in stride(from: 0, to: ranges.count, by: 2) {
                for scalar in ranges[index]...ranges[index + 1] { flat[Int(scalar)] |= value.rawValue }
            }
        }
        mark(Self.letterRanges, .letter)
        mark(Self.numberRanges, .number)
        mark(Self.spaceRanges, .space)
        mark(Self.digitRanges, .digit)
        var known: [ArraySlice<UInt8>: UInt16] = [:]
        for block in 0..<0x1100 {
            let page = flat[block * 256..<block * 256 + 256]
            if let index = known[page] {
                pageOfBlock.append(index)
            } else {
                let index = UInt16(known.count)
                known[page] = index
                pageOfBlock.append(index)
                pages.append(contentsOf: page)
            }
        }
    }

    /// Class and byte length of the scalar at `position`. The text must be well-formed UTF-8, `position` at the start
    /// of a scalar.
    @inline(__always)
    func at(_ position: Int, in text: [UInt8]) -> (kind: TextClass, length: Int) {
        let lead = text[position]
        if lead < 0x80 { return (TextClass(rawValue: pages[Int(lead)]), 1) }
        let scalar: Int
        let length: Int
        if lead < 0xE0 {
            scalar = Int(lead & 0x1F) << 6 | Int(text[position + 1] & 0x3F)
            length = 2
        } else if lead < 0xF0 {
            scalar = Int(lead & 0x0F) << 12 | Int(text[position + 1] & 0x3F) << 6 | Int(text[position + 2] & 0x3F)
            length = 3
        } else {
            scalar =
                Int(lead & 0x07) << 18 | Int(text[position + 1] & 0x3F) << 12 | Int(text[position + 2] & 0x3F) << 6
                | Int(text[position + 3] & 0x3F)
            length = 4
        }
        return (TextClass(rawValue: pages[Int(pageOfBlock[scalar >> 8]) << 8 | scalar & 0xFF]), length)
    }
}
