import SelfPruner
import Testing

struct HelpTests {
    @Test func `help and version`() async throws {
        let help = try await Program.run(["--help"])
        #expect(help.status == 0)
        #expect(help.error.isEmpty)
        for command in ["inspect", "tokenize", "evaluate", "generate", "prune"] {
            #expect(help.output.contains(command))
        }
        let version = try await Program.run(["--version"])
        #expect(version.status == 0)
        #expect(version.output == "\(selfPrunerVersion)\n")
    }

    @Test(arguments: [
        ("inspect", ["--json", "<model>"]),
        ("tokenize", ["--json", "<model>", "<file>", "--add-special-tokens", "--plain"]),
        (
            "evaluate",
            [
                "--json", "<model>", "--text", "--joiner", "--sequence-length", "--max-tokens", "--bos", "--precision",
                "--threads", "--tasks", "--limit", "--shots", "--task-data", "--task-declarations",
                "--no-special-tokens", "--samples",
            ]
        ),
        (
            "generate",
            [
                "--json", "<model>", "--prompt", "--max-tokens", "--temperature", "--seed", "--chat", "--system",
                "--precision", "--threads",
            ]
        ),
        (
            "prune",
            [
                "--json", "--tasks", "--limit", "--continuations", "--calibration-cache", "<model>", "--rate",
                "--output", "--method", "--allocation", "--granularity",
                "--channel-step", "--ridge", "--fitness", "--candidates", "--population", "--time", "--seed",
                "--calibration", "--fitness-text", "--evaluation-text", "--element-type", "--overwrite",
                "--precision", "--threads", "--format", "--quantize", "--align", "--max-shard-size",
                "--attention-units",
            ]
        ),
        (
            "analyze",
            [
                "--json", "<model>", "--tokens", "--pairs", "--checks", "--chart", "--output", "--method", "--order",
                "--attention-units",
            ]
        ),
        ("frontier", ["--json", "<model>", "--rates", "--output", "--candidates", "--proposer"]),
        ("prune", ["--target-size", "--target-parameters", "--max-perplexity-increase"]),
        (
            "export",
            [
                "--json", "<model>", "--output", "--format", "--quantize", "--element-type", "--max-shard-size",
                "--overwrite",
            ]
        ),
    ])
    func `help of each command`(_ command: String, _ options: [String]) async throws {
        let help = try await Program.run([command, "--help"])
        #expect(help.status == 0)
        #expect(help.error.isEmpty)
        for option in options { #expect(help.output.contains(option)) }
    }
}
