import Reporting

extension BenchReport {
    /// One row a figure; medians, and what they spread over.
    package var table: TextTable {
        let names = ModelNames(models.map(\.model)).short
        var columns = [TextTable.Column("measure")]
        for (name, model) in zip(names, models) {
            columns += [.init(name, .right), .init("from … to", .right)]
            if model.ratios != nil { columns += [.init("ratio", .right), .init("from … to", .right)] }
        }
        var table = TextTable(columns)
        for row in Figures.rows {
            var cells = [row.name]
            for model in models {
                let spread = model.figures[keyPath: row.figure]
                cells += [row.format(spread.median), Self.range(spread, row.format)]
                guard let ratio = model.ratios?[keyPath: row.figure] else { continue }
                cells += [Self.factor(ratio.median), Self.range(ratio, Self.factor)]
            }
            table.addRow(cells)
        }
        return table
    }

    /// What was measured, and whether it can be used, in sentences.
    package var words: String {
        var words = """
            A prompt of \(promptTokens) tokens and \(newTokens) tokens behind it, \(threads) threads, \(precision); \
            medians of \(runs) runs, each a process of its own.
            """
        if models.count > 1 { words += " Models took turns" }
        if let reference { words += "; ratios are to \(reference), turn by turn" }
        if models.count > 1 { words += "." }
        if let warning = Self.warning(of: loadAverage) { words += " " + warning }
        return words
    }

    /// What a load average says of speeds that were measured then; `nil` when the machine was idle or nothing is known.
    static func warning(of loadAverage: Double?) -> String? {
        guard let loadAverage, loadAverage > 0.5 else { return nil }
        return """
            The load average was \(NumberFormat.fixed(loadAverage, 1)) at the start: something else was running, and the \
            speeds are not to be used.
            """
    }

    private static func factor(_ ratio: Double) -> String { "×" + NumberFormat.fixed(ratio, 2) }

    private static func range(_ spread: Spread, _ format: (Double) -> String) -> String {
        let (low, high) = (format(spread.lowest), format(spread.highest))
        return low == high ? "" : "\(low) … \(high)"
    }
}

extension BenchReport.Figures {
    /// How figures are shown, in the order of tables.
    static var rows: [(name: String, figure: KeyPath<Self, BenchReport.Spread>, format: (Double) -> String)] {
        [
            ("prefill, tokens/s", \.prefillTokensPerSecond, { NumberFormat.significant($0) }),
            ("decode, tokens/s", \.decodeTokensPerSecond, { NumberFormat.significant($0) }),
            ("first token", \.firstTokenSeconds, { NumberFormat.duration(.seconds($0)) }),
            ("load", \.loadSeconds, { NumberFormat.duration(.seconds($0)) }),
            ("peak memory", \.peakMemoryBytes, { "\(ByteCount(Int($0)))" }),
            ("on disk", \.diskBytes, { "\(ByteCount(Int($0)))" }),
        ]
    }
}

/// What tables call models.
struct ModelNames {
    let short: [String]

    /// The last components of paths, as many as tell them apart.
    init(_ paths: [String]) {
        let parts = paths.map { $0.split(separator: "/").map(String.init) }
        let longest = parts.map(\.count).max() ?? 0
        func names(_ count: Int) -> [String] {
            zip(parts, paths).map { $0.isEmpty ? $1 : $0.suffix(count).joined(separator: "/") }
        }
        let count = (1...max(longest, 1)).first { Set(names($0)).count == paths.count }
        short = names(count ?? 1)
    }
}
