import Reporting

extension TasksReport {
    /// One row a task and one of means, in per cent with standard errors.
    package var table: TextTable {
        var table = TextTable([
            .init("task"), .init("questions", .right), .init("acc, %", .right), .init("acc_norm, %", .right),
            .init("tokens scored", .right), .init("seconds", .right),
        ])
        for task in tasks {
            table.addRow([
                task.task, NumberFormat.grouped(task.questions),
                Self.share(task.accuracy, task.accuracyStandardError),
                task.normalizedAccuracy.map { Self.share($0, task.normalizedAccuracyStandardError ?? 0) } ?? "–",
                NumberFormat.grouped(task.tokensScored), NumberFormat.fixed(task.seconds, 1),
            ])
        }
        guard tasks.count > 1 else { return table }
        table.addRule()
        table.addRow([
            "mean of \(tasks.count)", NumberFormat.grouped(tasks.reduce(0) { $0 + $1.questions }),
            Self.share(meanAccuracy ?? 0, meanAccuracyStandardError ?? 0),
            tasks.contains { $0.normalizedAccuracy != nil }
                ? Self.share(meanPreferredAccuracy ?? 0, meanPreferredAccuracyStandardError ?? 0) : "–",
            NumberFormat.grouped(tokensScored), NumberFormat.fixed(seconds, 1),
        ])
        return table
    }

    /// One row a task of the kind `generate`, in per cent; `nil` without any.
    package var generationTable: TextTable? {
        guard let generation else { return nil }
        var table = TextTable([
            .init("task"), .init("questions", .right), .init("BLEU", .right), .init("chrF", .right),
            .init("tokens", .right), .init("seconds", .right),
        ])
        for task in generation {
            table.addRow([
                task.task, NumberFormat.grouped(task.questions), task.bleu.map { NumberFormat.fixed($0, 2) } ?? "–",
                task.chrf.map { NumberFormat.fixed($0, 2) } ?? "–", NumberFormat.grouped(task.tokens),
                NumberFormat.fixed(task.seconds, 1),
            ])
        }
        return table
    }

    /// How it was measured, in words.
    package var notes: [String] {
        var notes: [String] = []
        let plain = tasks.filter { $0.normalizedAccuracy == nil }.map(\.task)
        if tasks.count > 1, !plain.isEmpty, plain.count < tasks.count {
            notes.append("The mean of acc_norm takes acc of \(plain.joined(separator: " and ")).")
        }
        for task in tasks where task.truncatedQuestions > 0 {
            notes.append(
                "\(NumberFormat.grouped(task.truncatedQuestions)) questions of \(task.task) lost the beginning of their "
                    + "context: the model has \(`protocol`.contextLength) positions.")
        }
        for task in generation ?? [] where task.truncatedQuestions > 0 {
            notes.append(
                "\(NumberFormat.grouped(task.truncatedQuestions)) prompts of \(task.task) lost their beginning: the model "
                    + "has \(`protocol`.contextLength) positions.")
        }
        let signatures = (generation ?? []).flatMap { task in
            [task.bleuSignature.map { "BLEU: \($0)" }, task.chrfSignature.map { "chrF: \($0)" }].compactMap { $0 }
        }
        for signature in Set(signatures).sorted() { notes.append("\(signature) (sacreBLEU's signature)") }
        let rate = tasks.isEmpty ? "" : ", " + NumberFormat.rate(tokensPerSecond, unit: "tokens")
        notes.append("\(settings), \(threads) threads\(rate)")
        return notes
    }

    /// On what it was measured.
    var settings: String {
        let questions = `protocol`.limit.map { "the first \(NumberFormat.grouped($0)) questions of each task" }
        let shots = `protocol`.shots == 0 ? "no examples" : "\(`protocol`.shots) examples in front of each"
        return [
            questions ?? "all questions", shots, `protocol`.specialTokens ? nil : "no special tokens",
            `protocol`.precision,
        ].compactMap { $0 }.joined(separator: ", ")
    }

    private static func share(_ value: Double, _ error: Double) -> String {
        "\(NumberFormat.fixed(100 * value, 2)) ± \(NumberFormat.fixed(100 * error, 2))"
    }
}
