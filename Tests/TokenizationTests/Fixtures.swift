import Foundation
import Testing

@testable import Tokenization

/// What `Scripts/make-tokenizer-fixtures` wrote.
struct Fixture {
    static let styles = [
        "gpt2", "llama3", "qwen2", "smollm", "prefix", "llama2", "mistral", "unigram", "unigram-bytes",
    ]
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    /// One text and what Hugging Face makes of it.
    struct Example {
        var text: [UInt8]
        var ids: [Int32]
        /// With the spelling of special tokens taken as text.
        var plainIDs: [Int32]
        /// Without special tokens.
        var decoded: String
    }

    var json: [UInt8]
    var tokenizer: Tokenizer
    var examples: [Example]

    init(_ style: String) throws {
        json = try Self.bytes("\(style).tokenizer.json")
        tokenizer = try Tokenizer(json: json, file: "\(style).tokenizer.json")
        let texts = try #require(try Self.json("texts.json") as? [String])
        let expected = try #require(try Self.json("\(style).expected.json") as? [[Any]])
        examples = try zip(texts, expected).map { hexadecimal, entry in
            let text = try Self.bytes(hexadecimal: hexadecimal)
            let ids = try #require(entry[0] as? [Int]).map(Int32.init)
            return Example(
                text: text, ids: ids, plainIDs: (entry[1] as? [Int])?.map(Int32.init) ?? ids,
                decoded: entry[2] as? String ?? String(decoding: UTF8Repair.repaired(text), as: UTF8.self))
        }
    }

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    private static func json(_ name: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(bytes(name)))
    }

    private static func bytes(hexadecimal: String) throws -> [UInt8] {
        let digits = try hexadecimal.map { try #require($0.hexDigitValue) }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension String {
    /// Swift compares strings canonically; tests compare scalars.
    var scalars: [UInt32] { unicodeScalars.map(\.value) }
}
