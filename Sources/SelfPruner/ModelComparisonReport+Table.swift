import Reporting

extension ModelComparisonReport {
    /// One row a figure, one column a model, and behind each but the first what became of the first one's figure.
    package var table: TextTable {
        let names = ModelNames(models.map(\.model)).short
        var columns = [TextTable.Column("measure"), .init(names.first ?? "", .right)]
        for name in names.dropFirst() { columns += [.init(name, .right), .init("change", .right)] }
        var table = TextTable(columns)
        for group in [sizeRows, textRows, taskRows, speedRows, diversityRows] where !group.isEmpty {
            for row in group { table.addRow(row) }
        }
        return table
    }

    /// A row, left out where no model has the figure.
    /// - Parameter change: from the dense model's figure.
    private func row(
        _ name: String, _ value: (Model) -> Double?, _ format: (Double) -> String,
        change: ((Double, Double) -> String)? = nil
    ) -> [String]? {
        let values = models.map(value)
        guard values.contains(where: { $0 != nil }) else { return nil }
        var cells = [name]
        for (index, value) in values.enumerated() {
            cells.append(value.map(format) ?? "–")
            guard index > 0 else { continue }
            cells.append(value.flatMap { value in values[0].flatMap { change?($0, value) } } ?? "")
        }
        return cells
    }

    private var sizeRows: [[String]] {
        func percent(_ before: Double, _ after: Double) -> String {
            let change = NumberFormat.fixed((after / before - 1) * 100, 1)
            return (after > before ? "+" : "") + change + " %"
        }
        return [
            row("parameters", { Double($0.parameters) }, { NumberFormat.count(Int($0)) }, change: percent),
            row(
                "parameters of the blocks", { Double($0.decoderParameters) }, { NumberFormat.count(Int($0)) },
                change: percent),
            row("on disk", { Double($0.diskBytes) }, { "\(ByteCount(Int($0)))" }, change: percent),
        ].compactMap { $0 }
    }

    private var textRows: [[String]] {
        func error(_ value: Double) -> String { "± " + NumberFormat.fixed(value, 2) }
        return [
            row("perplexity", \.perplexity, { NumberFormat.fixed($0, 2) }, change: Self.factor),
            row("  its standard error", \.perplexityStandardError, error),
            row("KL(dense ‖ model), nats/token", \.divergence, { NumberFormat.fixed($0, 4) }),
        ].compactMap { $0 }
    }

    private var taskRows: [[String]] {
        let kinds = (models.first?.tasks ?? []).map { ($0.task, $0.metric) }
        func points(_ before: Double, _ after: Double) -> String {
            (after >= before ? "+" : "") + NumberFormat.fixed(after - before, 1)
        }
        var rows = kinds.compactMap { task, metric in
            row(
                "\(task), \(metric)",
                { model in
                    model.tasks?.first { $0.task == task && $0.metric == metric }
                        .map { $0.isShare ? $0.value * 100 : $0.value }
                }, { NumberFormat.fixed($0, 1) }, change: points)
        }
        if kinds.count > 1,
            let mean = row("mean of the accuracies", \.meanAccuracy, { NumberFormat.fixed($0, 1) }, change: points)
        {
            rows.append(mean)
        }
        return rows
    }

    private var speedRows: [[String]] {
        BenchReport.Figures.rows.compactMap { speed in
            // What is on the disk is there whether speed was measured or not.
            guard speed.figure != \.diskBytes, models.contains(where: { $0.speed != nil }) else { return nil }
            var cells = [speed.name]
            for (index, model) in models.enumerated() {
                cells.append(model.speed.map { speed.format($0[keyPath: speed.figure].median) } ?? "–")
                guard index > 0 else { continue }
                cells.append(
                    model.speedRatios.map { "×" + NumberFormat.fixed($0[keyPath: speed.figure].median, 2) } ?? "")
            }
            return cells
        }
    }

    private var diversityRows: [[String]] {
        func fixed(_ value: Double) -> String { NumberFormat.fixed(value, 3) }
        return [
            row("distinct-1", { $0.diversity?.distinct1 }, fixed),
            row("distinct-2", { $0.diversity?.distinct2 }, fixed),
            row("distinct-3", { $0.diversity?.distinct3 }, fixed),
            row("repetition rate (4-grams)", { $0.diversity?.repetitionRate }, fixed),
            row("words a text", { $0.diversity.map { Double($0.words) / Double(max($0.texts, 1)) } }) {
                NumberFormat.fixed($0, 1)
            },
        ].compactMap { $0 }
    }

    private static func factor(_ before: Double, _ after: Double) -> String {
        "×" + NumberFormat.fixed(after / before, 2)
    }
}

extension TaskFigure {
    var isShare: Bool { metric == "acc" || metric == "acc_norm" }
}

extension ModelComparisonReport.Model {
    /// In per cent, of the tasks that have one.
    var meanAccuracy: Double? {
        let shares = (tasks ?? []).filter(\.isShare).map { $0.value * 100 }
        return shares.count < 2 ? nil : shares.reduce(0, +) / Double(shares.count)
    }
}
