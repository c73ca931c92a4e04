import ArgumentParser
import SelfPruner

/// A duration as people type it: `90`, `90s`, `12m`, `1.5h`.
struct TimeLimit: ExpressibleByArgument {
    var seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
        let factor = argument.last.flatMap { units[$0] }
        guard let value = Double(factor == nil ? argument : String(argument.dropLast())), value > 0,
            value * (factor ?? 1) <= 1e9
        else { return nil }
        seconds = value * (factor ?? 1)
    }
}

/// `32768`, or `all`.
enum TokenLimit: ExpressibleByArgument {
    case all
    case atMost(Int)

    var count: Int? {
        switch self {
        case .all: nil
        case .atMost(let count): count
        }
    }

    init?(argument: String) {
        if argument == "all" {
            self = .all
        } else if let count = Int(argument) {
            self = .atMost(count)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { count.map(String.init) ?? "all" }
}

/// Bytes as people type them: `8GB`, `512MB`, `2GiB`, or a plain number.
struct MemoryAmount: ExpressibleByArgument {
    var bytes: Int

    init?(argument: String) {
        let units: [(String, Double)] = [
            ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("k", 1e3),
            ("m", 1e6), ("g", 1e9), ("b", 1), ("", 1),
        ]
        let text = argument.lowercased()
        guard let unit = units.first(where: { text.hasSuffix($0.0) }),
            let value = Double(text.dropLast(unit.0.count)), value > 0, value * unit.1 < 0x1p60
        else { return nil }
        bytes = Int(value * unit.1)
    }
}

/// Numbers with commas between them: `1024,4096,16384`.
struct NumberList<Number: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
    var values: [Number]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Number(String($0)) }
        guard values.count == parts.count, !values.isEmpty else { return nil }
    }
}

extension ComputeOptions.Precision: ExpressibleByArgument {}
extension TextJoiner: ExpressibleByArgument {}
extension SearchOptions.Method: ExpressibleByArgument {}
extension SearchOptions.Order: ExpressibleByArgument {}
extension SearchOptions.AttentionUnits: ExpressibleByArgument {}
extension PruneOptions.Refit: ExpressibleByArgument {}
extension SearchOptions.Fitness: ExpressibleByArgument {}
extension SearchOptions.Granularity: ExpressibleByArgument {}
extension SearchOptions.ProposerKind: ExpressibleByArgument {}
extension SearchOptions.PromptStyle: ExpressibleByArgument {}
extension PruneOptions.Allocation: ExpressibleByArgument {}
extension OutputForm.Format: ExpressibleByArgument {}
extension OutputForm.ElementType: ExpressibleByArgument {}
extension OutputForm.Quantization: ExpressibleByArgument {}
