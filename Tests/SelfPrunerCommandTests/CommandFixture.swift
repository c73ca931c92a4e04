import Foundation
import TestSupport

/// A tiny model and three texts, in a folder of their own.
struct CommandFixture {
    let folder: TemporaryFolder
    let model: String

    /// - Parameter isProposer: the model can write proposals.
    init(isProposer: Bool = false) throws {
        folder = try TemporaryFolder()
        model = try TinyModel.make(in: folder, isProposer: isProposer)
        for (index, text) in ["calibration", "fitness", "evaluation"].enumerated() {
            try folder.write("\(text).txt", Data(TinyModel.text(words: 200, seed: UInt64(index)).utf8))
        }
    }

    /// Everything in the folder before a command.
    let inputs = ["calibration.txt", "evaluation.txt", "fitness.txt", "gqa-untied"]

    func evaluate(_ model: String? = nil) -> [String] {
        [
            "evaluate", model ?? self.model, "--text", folder("evaluation.txt"), "--sequence-length", "64", "--threads",
            "1",
        ]
    }

    func generate(_ model: String? = nil) -> [String] {
        ["generate", model ?? self.model, "--prompt", "the cat", "--max-tokens", "4", "--threads", "1"]
    }

    /// Texts and sizes that make a search a matter of a second.
    private var small: [String] {
        [
            "--calibration", folder("calibration.txt"), "--fitness-text", folder("fitness.txt"),
            "--evaluation-text", folder("evaluation.txt"), "--sequence-length", "64", "--evaluation-tokens", "256",
            "--calibration-tokens", "512", "--rungs", "64,128", "--channel-step", "8", "--threads", "1",
        ]
    }

    func prune(_ model: String? = nil, candidates: Int = 6) -> [String] {
        ["prune", model ?? self.model, "--rate", "0.3", "--output", folder("smaller"), "--candidates", "\(candidates)"]
            + small
    }

    /// - Parameter amount: how much to cut.
    func prune(_ amount: [String]) -> [String] {
        ["prune", model, "--output", folder("smaller"), "--candidates", "6"] + amount + small
    }

    func frontier(_ rates: String) -> [String] {
        ["frontier", model, "--rates", rates, "--output", folder("frontier"), "--candidates", "6"] + small
    }

    var analyze: [String] {
        [
            "analyze", model, "--tokens", "128", "--calibration", folder("calibration.txt"), "--fitness-text",
            folder("fitness.txt"), "--evaluation-text", folder("evaluation.txt"), "--sequence-length", "64",
            "--calibration-tokens", "512", "--channel-step", "8", "--threads", "1",
        ]
    }

    func search(_ run: String = "run", candidates: Int = 12, proposer: String = "adaptive") -> [String] {
        [
            "search", model, "--rate", "0.3", "--run", folder(run), "--candidates", "\(candidates)", "--proposer",
            proposer, "--population", "8", "--generation", "6",
        ] + small
    }

    func compare(_ proposers: String) -> [String] {
        [
            "compare", model, "--rate", "0.3", "--output", folder("comparison"), "--proposers", proposers, "--seeds",
            "2", "--candidates", "12", "--population", "6", "--generation", "4",
        ] + small
    }

    /// One command line of each kind that reads a model.
    func commands(_ model: String? = nil) -> [[String]] {
        [
            ["inspect", model ?? self.model], ["tokenize", model ?? self.model, folder("fitness.txt")],
            evaluate(model), generate(model), prune(model),
        ]
    }
}
