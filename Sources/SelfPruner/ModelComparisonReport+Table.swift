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
    /// - Parameters:
    ///   - error: the figure's standard error.
    ///   - change: from the dense model's figure.
    private func row(
        _ name: String, _ value: (Model) -> Double?, error: (Model) -> Double? = { _ in nil },
        _ format: (Double) -> String, change: ((Double, Double) -> String)? = nil
    ) -> [String]? {
        let values = models.map(value)
        guard values.contains(where: { $0 != nil }) else { return nil }
        var cells = [name]
        for (index, value) in values.enumerated() {
            let spread = error(models[index]).map { " ± " + format($0) } ?? ""
            cells.append(value.map { format($0) + spread } ?? "–")
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
            // The type of most parameters: without it the line above misleads.
            storageRow,
        ].compactMap { $0 }
    }

    private var storageRow: [String] {
        var cells = ["stored as"]
        for (index, model) in models.enumerated() {
            if index > 1 { cells.append("") }
            cells.append(model.elementTypes.first ?? "–")
        }
        return cells
    }

    private var textRows: [[String]] {
        [
            row(
                "perplexity", \.perplexity, error: \.perplexityStandardError, { NumberFormat.fixed($0, 2) },
                change: Self.factor),
            divergenceRow,
        ].compactMap { $0 }
    }

    private var divergenceRow: [String]? {
        row("KL(dense ‖ model), nats/token", \.divergence, { NumberFormat.fixed($0, 4) })
    }

    /// What the report of a pruning has besides its own rows.
    var measured: (divergence: [String]?, tasks: [[String]], speed: [[String]], diversity: [[String]]) {
        (divergenceRow, taskRows, speedRows, diversityRows)
    }

    private var taskRows: [[String]] {
        func points(_ before: Double, _ after: Double) -> String {
            (after >= before ? "+" : "") + NumberFormat.fixed(after - before, 1)
        }
        func row(
            _ name: String, _ value: (TasksReport) -> Double?, error: (TasksReport) -> Double? = { _ in nil }
        ) -> [String]? {
            self.row(
                name, { $0.tasks.flatMap(value) }, error: { $0.tasks.flatMap(error) },
                { NumberFormat.fixed($0, 1) }, change: points)
        }
        guard let tasks = models.first?.tasks else { return [] }
        var rows: [[String]?] = []
        for task in tasks.tasks {
            rows.append(
                row(
                    "\(task.task), acc, %", { $0.task(task.task).map { $0.accuracy * 100 } },
                    error: { $0.task(task.task).map { $0.accuracyStandardError * 100 } }))
            rows.append(
                row(
                    "\(task.task), acc_norm, %", { $0.task(task.task)?.normalizedAccuracy.map { $0 * 100 } },
                    error: { $0.task(task.task)?.normalizedAccuracyStandardError.map { $0 * 100 } }))
        }
        if tasks.tasks.count > 1 {
            let name = "mean of \(tasks.tasks.count) tasks"
            rows.append(
                row(
                    "\(name), acc, %", { $0.meanAccuracy.map { $0 * 100 } },
                    error: { $0.meanAccuracyStandardError.map { $0 * 100 } }))
            if tasks.tasks.contains(where: { $0.normalizedAccuracy != nil }) {
                rows.append(
                    row(
                        "\(name), acc_norm, %", { $0.meanPreferredAccuracy.map { $0 * 100 } },
                        error: { $0.meanPreferredAccuracyStandardError.map { $0 * 100 } }))
            }
        }
        for task in tasks.generation ?? [] {
            rows.append(row("\(task.task), BLEU", { $0.generation(task.task)?.bleu }))
            rows.append(row("\(task.task), chrF", { $0.generation(task.task)?.chrf }))
        }
        return rows.compactMap { $0 }
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

extension TasksReport {
    fileprivate func task(_ name: String) -> TaskReport? { tasks.first { $0.task == name } }

    fileprivate func generation(_ name: String) -> GenerationTaskReport? { generation?.first { $0.task == name } }
}
