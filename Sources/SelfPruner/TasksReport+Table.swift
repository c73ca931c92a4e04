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
            Self.share(meanAccuracy, meanAccuracyStandardError),
            Self.share(meanPreferredAccuracy, meanPreferredAccuracyStandardError),
            NumberFormat.grouped(tokensScored), NumberFormat.fixed(seconds, 1),
        ])
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
        let questions = `protocol`.limit.map { "the first \(NumberFormat.grouped($0)) questions of each task" }
        let shots = `protocol`.shots == 0 ? "no examples" : "\(`protocol`.shots) examples in front of each"
        notes.append(
            [
                questions ?? "all questions", shots, `protocol`.specialTokens ? nil : "no special tokens",
                `protocol`.precision, "\(threads) threads", NumberFormat.rate(tokensPerSecond, unit: "tokens"),
            ].compactMap { $0 }.joined(separator: ", "))
        return notes
    }

    private static func share(_ value: Double, _ error: Double) -> String {
        "\(NumberFormat.fixed(100 * value, 2)) ± \(NumberFormat.fixed(100 * error, 2))"
    }
}
