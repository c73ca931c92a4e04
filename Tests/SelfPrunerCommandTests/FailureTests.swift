import Foundation
import Testing

struct FailureTests {
    /// A model that cannot be used, and the file that the message must name.
    enum BadModel: String, Sendable, CaseIterable {
        case missing, emptyFolder, garbage, truncatedGGUF, truncatedSafetensors, badConfiguration

        func make(in fixture: CommandFixture) throws -> (model: String, named: String) {
            let folder = fixture.folder
            func copy(_ name: String, _ change: (inout Data) -> Void) throws -> (String, String) {
                var data = try folder.data("gqa-untied/\(name)")
                change(&data)
                return (fixture.model, try folder.write("gqa-untied/\(name)", data))
            }
            switch self {
            case .missing: return (folder("none.gguf"), folder("none.gguf"))
            case .emptyFolder:
                try FileManager.default.createDirectory(atPath: folder("empty"), withIntermediateDirectories: false)
                return (folder("empty"), folder("empty"))
            case .garbage:
                let path = try folder.write("garbage.gguf", Data((0..<999).map { UInt8(truncatingIfNeeded: $0 &* 37) }))
                return (path, path)
            case .truncatedGGUF:
                let whole = try Data(contentsOf: URL(fileURLWithPath: CommandFixture.gguf))
                let path = try folder.write("half.gguf", whole.prefix(whole.count / 2))
                return (path, path)
            case .truncatedSafetensors: return try copy("model.safetensors") { $0 = $0.prefix($0.count / 2) }
            case .badConfiguration: return try copy("config.json") { $0 = $0.prefix(40) }
            }
        }
    }

    private func expectOneLine(_ outcome: Program.Outcome, naming name: String? = nil) {
        #expect(outcome.exited)
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorLines.count == 1, "\(outcome.error)")
        #expect(outcome.error.hasPrefix("selfpruner: "))
        #expect(outcome.error.hasSuffix(".\n") && !outcome.error.hasSuffix("..\n"))
        if let name { #expect(outcome.error.contains(name)) }
    }

    @Test(arguments: BadModel.allCases) func `a bad model is one line that names the file`(_ bad: BadModel) async throws
    {
        let fixture = try CommandFixture()
        let (model, named) = try bad.make(in: fixture)
        let before = try fixture.folder.contents()
        for arguments in fixture.commands(model) {
            expectOneLine(try await Program.run(arguments), naming: named)
            expectOneLine(try await Program.run(arguments + ["--json"]), naming: named)
        }
        #expect(try fixture.folder.contents() == before)
    }

    @Test func `a model without a tokenizer can be inspected only`() async throws {
        let fixture = try CommandFixture()
        try FileManager.default.removeItem(atPath: fixture.folder("gqa-untied/tokenizer.json"))
        for arguments in fixture.commands().dropFirst() {
            expectOneLine(try await Program.run(arguments), naming: "tokenizer.json")
        }
        #expect(try await Program.run(["inspect", fixture.model]).status == 0)
    }

    @Test func `a missing text is one line that names it`() async throws {
        let fixture = try CommandFixture()
        let model = fixture.model
        for arguments in [
            ["tokenize", model, "none.txt"], ["evaluate", model, "--text", "none.txt"],
            fixture.prune() + ["--fitness-text", "none.txt"], fixture.prune() + ["--calibration", "none.txt"],
        ] {
            expectOneLine(try await Program.run(arguments), naming: "none.txt")
        }
        expectOneLine(try await Program.run(["tokenize", model, fixture.folder.path]), naming: fixture.folder.path)
        expectOneLine(
            try await Program.run(["tokenize", model], input: fixture.folder.path), naming: "Standard input")
    }

    @Test func `missing default texts say how to get them`() async throws {
        let fixture = try CommandFixture()
        let outcome = try await Program.run(
            ["prune", fixture.model, "--rate", "0.3", "--output", fixture.folder("smaller")],
            environment: ["SELFPRUNER_DATA": fixture.folder("nowhere")])
        expectOneLine(outcome, naming: fixture.folder("nowhere/calibration.txt"))
        #expect(outcome.error.contains("Scripts/setup"))
    }

    @Test func `options that make no sense are one line`() async throws {
        let fixture = try CommandFixture()
        for (option, value) in [
            ("rate", "1"), ("rate", "nan"), ("rate", "-0.5"), ("ridge", "-1"), ("candidates", "0"), ("threads", "0"),
            ("sequence-length", "\(Int.min)"), ("channel-step", "-9"), ("evaluation-tokens", "-1"),
        ] {
            expectOneLine(try await Program.run(fixture.prune() + ["--\(option)=\(value)"]))
        }
        expectOneLine(try await Program.run(fixture.generate() + ["--chat"]), naming: fixture.model)
        expectOneLine(try await Program.run(fixture.generate() + ["--temperature=-1"]), naming: "temperature")
        #expect(try fixture.folder.contents() == fixture.inputs)
    }

    @Test func `usage errors have their own code`() async throws {
        let fixture = try CommandFixture()
        for arguments in [
            ["nonsense"], ["inspect"], ["inspect", fixture.model, "--nonsense"], ["evaluate", fixture.model],
            ["prune", fixture.model, "--output", "x"], fixture.prune() + ["--rate", "much"],
            fixture.prune() + ["--time", "-3m"], fixture.prune() + ["--method", "magic"],
            ["prune", fixture.model, "--rate", "0.3", "--output", "x", "--mode", "paper"],
            fixture.prune() + ["--endpoint", "http://127.0.0.1:1"],
            fixture.prune() + ["--output", "x.gguf", "--format", "gguf"], ["search", "--run", "r", "--rate", "0.3"],
            ["search", fixture.model, "--run", "r"],
            fixture.prune() + ["--runs", "2"], ["compare-models", fixture.model, "x", "--runs", "2"],
            fixture.generate() + ["--system", "no chat"],
            fixture.evaluate() + ["--precision", "int3"],
        ] {
            let outcome = try await Program.run(arguments)
            #expect(outcome.status == 64, "\(arguments)")
            #expect(outcome.output.isEmpty)
            // Of the command itself.
            let command = arguments[0] == "nonsense" ? "<subcommand>" : arguments[0]
            #expect(outcome.error.contains("Usage: selfpruner \(command)"), "\(arguments)")
        }
        #expect(try fixture.folder.contents() == fixture.inputs)
    }

    @Test func `an output that is not empty is refused`() async throws {
        let fixture = try CommandFixture()
        try fixture.folder.write("smaller/mine.txt", Data("mine".utf8))
        expectOneLine(try await Program.run(fixture.prune()), naming: fixture.folder("smaller"))
        #expect(try fixture.folder.contents("smaller") == ["mine.txt"])
        #expect(try await Program.run(fixture.prune() + ["--overwrite"]).status == 0)
        #expect(try !fixture.folder.contents("smaller").contains("mine.txt"))
    }

    @Test func `an interrupted pruning leaves its run, and the same command goes on`() async throws {
        let fixture = try CommandFixture()
        let outcome = try await Program.run(
            fixture.prune(candidates: 100_000) + ["--channel-step", "1"], interruptingWhenErrorContains: "event=best")
        #expect(outcome.exited)
        #expect(outcome.status == 130)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("run the same command to go on"))
        #expect(outcome.error.hasSuffix("Stopped; no output was written.\n"))
        #expect(try fixture.folder.contents() == (fixture.inputs + ["smaller.run"]).sorted())
        let status = try await Program.run([
            "search", "--run", fixture.folder("smaller.run"), "--status", "--json",
        ]).json()
        let known = try #require((status["report"] as? [String: Any])?["evaluated"] as? Int)
        let again = try await Program.run(
            fixture.prune(candidates: known + 20) + ["--channel-step", "1", "--json"])
        #expect(again.status == 0, "\(again.error)")
        #expect(try fixture.folder.contents() == (fixture.inputs + ["smaller"]).sorted())
    }

    #if os(Linux)
        @Test func `a full disk is one line`() async throws {
            let fixture = try CommandFixture()
            for arguments in [fixture.generate(), ["inspect", fixture.model, "--json"]] {
                let outcome = try await Program.run(arguments, output: "/dev/full")
                #expect(outcome.exited)
                #expect(outcome.status == 1)
                #expect(outcome.error == "selfpruner: Standard output cannot be written: No space left on device.\n")
            }
        }
    #endif
}
