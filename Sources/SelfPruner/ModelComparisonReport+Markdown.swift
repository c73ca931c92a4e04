import Reporting

extension ModelComparisonReport {
    /// The table, how it was measured, and the continuations side by side.
    package var markdown: String {
        var sections = ["# Models compared", table.markdown(), words]
        if let continuationTable {
            sections += ["## Continuations", continuationTable.markdown()]
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// How it was measured.
    package var words: String {
        var sentences: [String] = []
        if let p = protocols.perplexity {
            sentences.append(
                """
                Perplexity on \(p.corpus) (\(p.joiner)), \
                \(p.windows == 1 ? "one window" : "\(p.windows) consecutive windows") of \(p.sequenceLength) tokens, \
                \(p.beginOfText ? "begin-of-text token first" : "no begin-of-text token"), \(p.precision).
                """)
        }
        if let words = divergenceWords { sentences.append(words) }
        if protocols.perplexity != nil, models.dropFirst().contains(where: { $0.divergence == nil }) {
            sentences.append("Where KL is missing, the model has other tokens, and its perplexity counts others.")
        }
        if let words = taskWords { sentences.append(words) }
        if let words = benchWords { sentences.append(words) }
        if let words = generationWords { sentences.append(words) }
        return sentences.joined(separator: " ")
    }

    var divergenceWords: String? {
        guard let tokens = protocols.divergenceTokens, models.contains(where: { $0.divergence != nil }) else {
            return nil
        }
        return """
            KL(dense ‖ model) on the text's first \(NumberFormat.grouped(tokens)) tokens, over the dense model's 256 most \
            probable tokens and the rest.
            """
    }

    var benchWords: String? {
        guard let bench = protocols.bench else { return nil }
        var words = """
            Speed with a prompt of \(bench.promptTokens) tokens and \(bench.newTokens) tokens behind it, \
            \(protocols.threads) threads, \(protocols.precision); medians of \(bench.runs) runs in turns, each a \
            process of its own, and of the ratios of turns.
            """
        if let warning = BenchReport.warning(of: bench.loadAverage) { words += " " + warning }
        return words
    }

    var taskWords: String? { (models.first?.tasks).map { "Tasks: " + $0.settings + "." } }

    var generationWords: String? {
        guard let g = protocols.generation else { return nil }
        let how =
            g.temperature > 0 ? "temperature \(g.temperature), seed \(g.seed)" : "the most probable token each time"
        return """
            Continuations of \(g.count) prompts (\(g.prompts)), at most \(g.maximumTokens) tokens each, \(how). \
            Distinct-n and repetition rate (seq-rep-4) count words.
            """
    }

    /// One row a prompt; `nil` without prompts.
    package var continuationTable: TextTable? {
        guard let prompts = models.first?.continuations else { return nil }
        let names = ModelNames(models.map(\.model)).short
        var table = TextTable([.init("prompt")] + names.map { .init($0) })
        for (index, prompt) in prompts.enumerated() {
            table.addRow([prompt.prompt] + models.map { $0.continuations?[index].text ?? "–" })
        }
        return table
    }

    /// The first prompts with what models make of them, for a terminal.
    package func continuationLines(limit: Int, heading: (String) -> String) -> String? {
        guard let prompts = models.first?.continuations else { return nil }
        let names = ModelNames(models.map(\.model)).short
        let width = names.map { DisplayWidth.of($0) }.max() ?? 0
        func single(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }
        return prompts.prefix(limit).enumerated().map { index, prompt in
            let lines = zip(names, models).map { name, model in
                let padding = String(repeating: " ", count: width - DisplayWidth.of(name))
                return "  \(name)\(padding)  \(single(model.continuations?[index].text ?? "–"))"
            }
            return ([heading(single(prompt.prompt))] + lines).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}
