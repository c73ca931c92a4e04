import Foundation
import TestSupport
import Testing

struct ExportCommandTests {
    private let fixture: CommandFixture

    init() throws { fixture = try CommandFixture() }

    private func export(_ output: String, _ more: String...) -> [String] {
        ["export", fixture.model, "--output", fixture.folder(output), "--threads", "1"] + more
    }

    @Test func `to GGUF and back`() async throws {
        let there = try await Program.run(
            export("model.gguf", "--format", "gguf", "--quantize", "f32", "--json")
        ).json()
        #expect(
            there.keys.sorted() == [
                "bytes", "bytesBefore", "check", "elementType", "format", "model", "output", "parameters",
            ])
        #expect(there["format"] as? String == "gguf" && there["parameters"] as? Int == 71760)
        let back = try await Program.run([
            "export", fixture.folder("model.gguf"), "--output", fixture.folder("back"), "--threads", "1",
        ])
        #expect(back.status == 0, "\(back.error)")
        #expect(back.output.contains("71,760") && back.output.contains("float32"))
        #expect(
            try fixture.folder.contents("back")
                == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
        // Weights and tokenizer came through: the same text continues the same.
        let texts = try await [fixture.model, fixture.folder("model.gguf"), fixture.folder("back")].asyncMap {
            try await Program.run(fixture.generate($0)).output
        }
        #expect(Set(texts).count == 1 && !texts[0].isEmpty)
    }

    @Test(arguments: [
        (["--format", "gguf", "--quantize", "q9_0"], 64), (["--format", "onnx"], 64), (["--quantize", "q8_0"], 1),
        (["--format", "gguf", "--element-type", "float16"], 1), (["--max-shard-size", "none"], 64),
    ])
    func `what does not go together is refused`(_ arguments: [String], _ status: Int) async throws {
        let outcome = try await Program.run(
            ["export", fixture.model, "--output", fixture.folder("other")] + arguments)
        #expect(outcome.status == Int32(status))
        #expect(!outcome.error.isEmpty && outcome.output.isEmpty)
        #expect(try fixture.folder.contents() == fixture.inputs)
    }

    @Test func `the name of a file is refused where a folder is written`() async throws {
        let commands = [export("model.gguf"), fixture.prune() + ["--output", fixture.folder("model.gguf")]]
        for arguments in commands {
            let outcome = try await Program.run(arguments)
            #expect(outcome.status == 64 && outcome.output.isEmpty, "\(arguments)")
            #expect(outcome.error.contains("--format gguf"))
        }
        #expect(try fixture.folder.contents() == fixture.inputs)
    }

    @Test func `an output that cannot be made is one sentence`() async throws {
        try fixture.folder.write("file", Data())
        let outcome = try await Program.run(
            ["export", fixture.model, "--output", fixture.folder("file/other"), "--threads", "1"])
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(try fixture.folder.contents() == (fixture.inputs + ["file"]).sorted())
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
