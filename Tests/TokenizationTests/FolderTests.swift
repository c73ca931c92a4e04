import Foundation
import Testing

@testable import Tokenization

struct FolderTests {
    /// A folder that is gone when the body has run.
    private func withFolder(_ files: [String: [UInt8]], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
        try body(folder.path(percentEncoded: false))
    }

    @Test func readsAndPassesOnItsFiles() throws {
        let files: [String: [UInt8]] = [
            "tokenizer.json": try Fixture.bytes("smollm.tokenizer.json"),
            "tokenizer_config.json": Array(
                #"{"bos_token": {"content": "<|im_start|>"}, "eos_token": "<|im_end|>", "pad_token": null,"#.utf8)
                + Array(
                    #" "chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "d"}]}"#
                        .utf8),
            "special_tokens_map.json": Array(#"{"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}"#.utf8),
        ]
        try withFolder(files) { path in
            let tokenizer = try Tokenizer(.folder(path))
            #expect(tokenizer.beginOfTextToken == 1)
            #expect(tokenizer.endOfTextToken == 2)
            #expect(tokenizer.paddingToken == 0)
            #expect(tokenizer.unknownToken == nil)
            #expect(tokenizer.chatTemplate == "d")
            let exported = try tokenizer.exportFiles()
            #expect(Dictionary(uniqueKeysWithValues: exported.map { ($0.name, $0.bytes) }) == files)
        }
    }

    @Test func aFileThatCannotBeReadIsNamed() throws {
        try withFolder([:]) { path in
            try FileManager.default.createDirectory(
                atPath: path + "/tokenizer.json", withIntermediateDirectories: true)
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(.folder(path)) }
            #expect(error?.code == .unreadable)
            #expect(error?.description.contains("tokenizer.json") == true)
        }
    }

    @Test func aTemplateFileWins() throws {
        let files: [String: [UInt8]] = [
            "tokenizer.json": try Fixture.bytes("smollm.tokenizer.json"),
            "tokenizer_config.json": Array(#"{"chat_template": "old"}"#.utf8),
            "chat_template.jinja": Array("new".utf8),
        ]
        try withFolder(files) { path in
            let tokenizer = try Tokenizer(.folder(path))
            #expect(tokenizer.chatTemplate == "new")
        }
    }

    @Test func missingAndBrokenFilesAreNamed() throws {
        try withFolder([:]) { path in
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(.folder(path)) }
            #expect(error?.code == .notFound)
            #expect(error?.file.hasSuffix("/tokenizer.json") == true)
        }
        let files = [
            "tokenizer.json": try Fixture.bytes("smollm.tokenizer.json"), "tokenizer_config.json": Array("{".utf8),
        ]
        try withFolder(files) { path in
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(.folder(path)) }
            #expect(error?.code == .badJSON)
            #expect(error?.file.hasSuffix("/tokenizer_config.json") == true)
            #expect(error?.offset == 1)
        }
    }
}
