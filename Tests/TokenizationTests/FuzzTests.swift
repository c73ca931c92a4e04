import Testing

@testable import Tokenization

/// Mutated definitions are refused or work; they never crash.
struct FuzzTests {
    /// Small generator (Steele et al., SplitMix64), so that failures repeat.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let snippets = [
        "null", "true", "-1", "1e308", "1e999", "4194304", "4194305", "99999999999999999999", "\"\"", "[]", "{}", "[[",
        "{\"a\":",
        "\\u0000", "\\ud800", "\\ud83d\\ude00", "\"", "\\", ",", ":", "]", "}", "\u{2581}", "Metaspace", "Sequence",
    ].map { Array($0.utf8) }

    static func mutate(_ json: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var result = json
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !result.isEmpty else { break }
            // Half of the mutations hit the ends, where everything but vocabulary and merges stands.
            let reach = Bool.random(using: &generator) ? result.count : min(result.count, 1500)
            let position =
                Bool.random(using: &generator)
                ? Int.random(in: 0..<reach, using: &generator)
                : result.count - 1 - Int.random(in: 0..<reach, using: &generator)
            let end = min(result.count, position + Int.random(in: 0..<12, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: result[position] = UInt8.random(in: 0...255, using: &generator)
            case 1: result[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: result.removeSubrange(position..<end)
            case 3: result.insert(contentsOf: Self.snippets.randomElement(using: &generator) ?? [], at: position)
            case 4: result.replaceSubrange(position..<end, with: Self.snippets.randomElement(using: &generator) ?? [])
            default:
                if Int.random(in: 0..<4, using: &generator) == 0 { result.removeSubrange(position...) }
            }
        }
        return result
    }

    @Test(arguments: Fixture.styles)
    func mutatedDefinitions(style: String) throws {
        let json = try Fixture.bytes("\(style).tokenizer.json")
        var generator = Generator(state: UInt64(style.utf8.reduce(7) { $0 &* 31 &+ Int($1) }))
        let text =
            Array("<|im_start|>user\nIt's  12345 \u{1F600}\u{e9} <s>x</s>\u{2581} <left> word".utf8) + [0xE2, 0x82]
        var refused = 0
        for _ in 0..<1200 {
            do {
                let tokenizer = try Tokenizer(json: Self.mutate(json, &generator), file: "mutated")
                let ids = tokenizer.encode(text, addingSpecialTokens: true)
                #expect(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize })
                _ = tokenizer.decode(ids, skippingSpecialTokens: false)
            } catch {
                refused += 1
                #expect(error.file == "mutated")
            }
        }
        #expect(refused > 100 && refused < 1200)
    }

    @Test func deepNestingIsRefused() {
        for text in [String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 200_000)] {
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(text.utf8), file: "deep") }
            #expect(error?.code == .badJSON)
            #expect(error?.offset != nil)
        }
    }

    @Test func randomBytesAreText() throws {
        var generator = Generator(state: 1)
        for style in Fixture.styles {
            let tokenizer = try Fixture(style).tokenizer
            for _ in 0..<200 {
                let text = (0..<Int.random(in: 0..<60, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                let repaired = UTF8Repair.repaired(text)
                #expect(
                    tokenizer.encode(text, addingSpecialTokens: false)
                        == tokenizer.encode(repaired, addingSpecialTokens: false))
            }
        }
    }
}
