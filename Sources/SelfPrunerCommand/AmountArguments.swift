import ArgumentParser
import SelfPruner

/// How much `prune` is to cut: exactly one of these.
struct AmountArguments: ParsableArguments {
    @Option(help: "Fraction of the decoder blocks' parameters to remove, between 0 and 1.")
    var rate: Double?

    @Option(
        help: """
            Largest size of the weights' files as they are written, such as 80MB: model.gguf with its tokenizer, or all \
            safetensors files.
            """)
    var targetSize: MemoryAmount?

    @Option(help: "Largest number of parameters, embeddings included, such as 100M.")
    var targetParameters: ParameterCount?

    @Option(
        help: """
            Remove as much as this increase of the perplexity allows, such as 5%. It is measured on the last text of \
            the race, not on the evaluation text; whole percents are tried, a search each, about five in all.
            """)
    var maxPerplexityIncrease: Fraction?

    var amount: PruneOptions.Amount? {
        if let targetSize { return .size(bytes: targetSize.bytes) }
        if let targetParameters { return .parameters(targetParameters.count) }
        if let maxPerplexityIncrease { return .perplexityIncrease(maxPerplexityIncrease.value) }
        return nil
    }

    func validate() throws {
        let given: [(String, Bool)] = [
            ("--rate", rate != nil), ("--target-size", targetSize != nil),
            ("--target-parameters", targetParameters != nil),
            ("--max-perplexity-increase", maxPerplexityIncrease != nil),
        ]
        let names = given.map(\.0)
        let all = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        let chosen = given.filter(\.1).map(\.0)
        if chosen.isEmpty { throw ValidationError("Say how much to remove, with \(all).") }
        if chosen.count > 1 {
            throw ValidationError("Only one of \(all) can be given, not \(chosen.joined(separator: " and ")).")
        }
    }
}

/// Parameters as people count them: `100M`, `1.1B`, `250k`, or a plain number.
struct ParameterCount: ExpressibleByArgument {
    var count: Int

    init?(argument: String) {
        let units: [Character: Double] = ["k": 1e3, "m": 1e6, "b": 1e9]
        let text = argument.lowercased()
        let factor = text.last.flatMap { units[$0] }
        guard let value = Double(factor == nil ? text : String(text.dropLast())), value > 0,
            value * (factor ?? 1) < 0x1p60
        else { return nil }
        count = Int((value * (factor ?? 1)).rounded())
    }
}

/// A part of something: `5%`, or `0.05`. Plain numbers are below 1, so that nobody says 5 and means percents.
struct Fraction: ExpressibleByArgument {
    var value: Double

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? String(argument.dropLast()) : argument), number > 0, number.isFinite,
            isPercent || number < 1
        else { return nil }
        value = isPercent ? number / 100 : number
    }
}
