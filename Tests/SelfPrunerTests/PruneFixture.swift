import Foundation
import SelfPruner
import TestSupport

/// A tiny model and three texts, in a folder of their own.
struct PruneFixture {
    let folder: TemporaryFolder
    let model: String

    init(_ name: String = "gqa-untied") throws {
        folder = try TemporaryFolder()
        model = try TinyModel.make(name, in: folder)
        for (index, text) in ["calibration", "fitness", "evaluation"].enumerated() {
            try folder.write("\(text).txt", Data(TinyModel.text(words: 200, seed: UInt64(index)).utf8))
        }
    }

    /// Everything in the folder before a pruning.
    func inputs() -> [String] {
        ["calibration.txt", "evaluation.txt", "fitness.txt", URL(fileURLWithPath: model).lastPathComponent].sorted()
    }

    /// A copy of the model with a context of so many positions.
    func copy(contextLength: Int) throws -> String {
        let copy = folder("copy")
        try FileManager.default.copyItem(atPath: model, toPath: copy)
        var configuration = try JSONSerialization.jsonObject(with: folder.data("copy/config.json")) as? [String: Any]
        configuration?["max_position_embeddings"] = contextLength
        try folder.write("copy/config.json", JSONSerialization.data(withJSONObject: configuration ?? [:]))
        return copy
    }

    func options(_ change: (inout PruneOptions) -> Void = { _ in }) -> PruneOptions {
        var options = PruneOptions(model: model, rate: 0.3, output: folder("smaller"))
        options.channelStep = 8
        options.candidates = 8
        options.population = 4
        options.calibrationTexts = [folder("calibration.txt")]
        options.fitnessText = folder("fitness.txt")
        options.evaluationText = folder("evaluation.txt")
        options.calibrationTokens = 512
        options.generation = 4
        options.rungTokens = [64, 128]
        options.rungShares = [0.5]
        options.evaluationTokens = 256
        options.sequenceLength = 64
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        change(&options)
        return options
    }

    /// Shapes of the tensors in a safetensors file, read from its header alone.
    func shapes(_ name: String) throws -> [String: [Int]] {
        let data = try folder.data(name)
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any] ?? [:]
        return header.compactMapValues { ($0 as? [String: Any])?["shape"] as? [Int] }
    }
}

extension PruneReport {
    /// Without what depends on the clock and on where the output lies.
    var reproducible: PruneReport {
        var report = self
        report.seconds = [:]
        report.cachedSeconds = nil
        report.settings.output = ""
        for figures in [\PruneReport.before, \.after] {
            report[keyPath: figures].prefillTokensPerSecond = 0
            report[keyPath: figures].decodeTokensPerSecond = 0
        }
        if var search = report.search {
            search.seconds = 0
            search.secondsPerCandidate = 0
            search.proposalSeconds = 0
            search.proposalShare = 0
            search.sensitivitySeconds = 0
            search.work?.seconds = 0
            for index in search.operators.indices {
                search.operators[index].proposalSeconds = 0
                search.operators[index].evaluationSeconds = 0
            }
            report.search = search
        }
        return report
    }
}
