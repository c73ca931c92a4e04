import Reporting

extension PruneReport {
    /// `report.md`: the before/after table first, then the blocks, the search and the settings.
    public var markdown: String {
        """
        # \(settings.model.split(separator: "/").last ?? "Model") pruned by \(NumberFormat.percent(rate.decoder))

        \(comparison.markdown())

        \(([words] + measureWords + [allocationWords, targetWords]).compactMap { $0 }.joined(separator: " "))

        \(continuationSection)## Blocks

        \(blockTable.markdown())

        \(searchSection)\(refitSection)## Settings

        \(settingsTable.markdown())

        """
    }

    /// The before/after table for a terminal or a document.
    package var comparison: TextTable {
        var table = TextTable([
            .init("measure"), .init("before", .right), .init("after", .right), .init("change", .right),
        ])
        func row(_ name: String, _ before: String, _ after: String, _ ratio: Double, asFactor: Bool = false) {
            table.addRow([name, before, after, asFactor ? "×\(NumberFormat.fixed(ratio, 2))" : Self.change(ratio)])
        }
        row(
            "perplexity", perplexity(before), perplexity(after), after.perplexity / before.perplexity, asFactor: true)
        let measured = models.measured
        for row in [measured.divergence].compactMap({ $0 }) + measured.tasks { table.addRow(row) }
        row(
            "parameters", NumberFormat.count(before.parameters), NumberFormat.count(after.parameters),
            Double(after.parameters) / Double(before.parameters))
        row(
            "parameters of the blocks", NumberFormat.count(before.decoderParameters),
            NumberFormat.count(after.decoderParameters),
            Double(after.decoderParameters) / Double(before.decoderParameters))
        row(
            "size in bfloat16", "\(ByteCount(before.bfloat16Bytes))", "\(ByteCount(after.bfloat16Bytes))",
            Double(after.bfloat16Bytes) / Double(before.bfloat16Bytes))
        row(
            "file size (\(before.elementTypes.joined(separator: "/")) → \(after.elementTypes.joined(separator: "/")))",
            "\(ByteCount(before.fileBytes))", "\(ByteCount(after.fileBytes))",
            Double(after.fileBytes) / Double(before.fileBytes))
        for row in measured.speed { table.addRow(row) }
        if measured.speed.isEmpty {
            // Not what is measured where that is asked for, so not its names.
            row(
                "evaluation, tokens/s", NumberFormat.significant(before.prefillTokensPerSecond),
                NumberFormat.significant(after.prefillTokensPerSecond),
                after.prefillTokensPerSecond / before.prefillTokensPerSecond, asFactor: true)
            row(
                "one token at a time, tokens/s", NumberFormat.significant(before.decodeTokensPerSecond),
                NumberFormat.significant(after.decodeTokensPerSecond),
                after.decodeTokensPerSecond / before.decodeTokensPerSecond, asFactor: true)
        }
        for row in measured.diversity { table.addRow(row) }
        return table
    }

    /// What `compare-models` would say of the two models: those rows of the table, those words and those continuations
    /// are its.
    package var models: ModelComparisonReport {
        func model(_ name: String, _ figures: Figures, removed: Double) -> ModelComparisonReport.Model {
            .init(
                model: name, parameters: figures.parameters, decoderParameters: figures.decoderParameters,
                removed: removed, diskBytes: figures.fileBytes, elementTypes: figures.elementTypes,
                divergence: figures.divergence, tasks: figures.tasks, speed: figures.speed,
                speedRatios: figures.speedRatios, diversity: figures.diversity, continuations: figures.continuations)
        }
        return ModelComparisonReport(
            program: program,
            protocols: .init(
                precision: settings.precision, threads: settings.threads,
                divergenceTokens: protocols.divergenceTokens, generation: protocols.generation,
                bench: protocols.bench),
            models: [model("before", before, removed: 0), model("after", after, removed: rate.decoder)])
    }

    private func perplexity(_ figures: Figures) -> String {
        "\(NumberFormat.fixed(figures.perplexity, 2)) ± \(NumberFormat.fixed(figures.perplexityStandardError, 2))"
    }

    private static func change(_ ratio: Double) -> String {
        let percent = NumberFormat.fixed((ratio - 1) * 100, 1)
        return (ratio > 1 ? "+" : "") + percent + " %"
    }

    private var words: String {
        let p = protocols.perplexity
        return """
            Perplexity on \(p.corpus) (\(p.joiner)), \(p.windows) consecutive windows of \(p.sequenceLength) tokens, \
            \(p.beginOfText ? "begin-of-text token first" : "no begin-of-text token"), \
            \(NumberFormat.grouped(after.tokensScored)) tokens scored, \(p.precision). \
            Removed: \(NumberFormat.percent(rate.decoder, decimals: 2)) of the decoder blocks' parameters (asked for: \
            \(NumberFormat.percent(rate.target, decimals: 2))), \(NumberFormat.percent(rate.total, decimals: 2)) of all.
            """
    }

    /// How speed was measured where that was asked for, or why it was not.
    package var speedWords: String? {
        protocols.benchFailure.map { "Speed was not measured: \($0)" } ?? models.benchWords
    }

    /// How the rest was measured.
    private var measureWords: [String?] {
        let plain = "Speed: \(settings.threads) threads, \(settings.precision)."
        return [speedWords ?? plain, models.divergenceWords, models.taskWords, models.generationWords]
    }

    private var continuationSection: String {
        models.continuationTable.map { "## Continuations\n\n\($0.markdown())\n\n" } ?? ""
    }

    private var blockTable: TextTable {
        var table = TextTable([
            .init("block", .right), .init("key/value heads", .right), .init("query heads", .right),
            .init("channels", .right),
            .init("attention removed", .right), .init("MLP removed", .right), .init("removed", .right),
        ])
        for block in blocks {
            table.addRow([
                "\(block.index)", "\(block.keyValueHeads) of \(block.denseKeyValueHeads)",
                "\(block.queryHeads) of \(block.denseQueryHeads)",
                "\(block.channels) of \(block.denseChannels)", NumberFormat.percent(block.attentionRate),
                NumberFormat.percent(block.mlpRate), NumberFormat.percent(block.rate),
            ])
        }
        return table
    }

    private var searchSection: String {
        guard let search else { return "" }
        return "## Search\n\n\(search.markdown(fitness: protocols.fitness))\n\n"
    }

    private var refitSection: String {
        guard let refit else { return "" }
        var table = TextTable([.init("projections fitted to"), .init("fitness", .right), .init("", .left)])
        for (name, value) in refit.fitness.sorted(by: { $0.value < $1.value }) {
            table.addRow([name, NumberFormat.fixed(value, 4), name == refit.target ? "kept" : ""])
        }
        return """
            ## Refit

            Sublayer by sublayer behind the search, in \(NumberFormat.fixed(refit.seconds, 0)) s: what each reads is the \
            pruned model's, what it is fitted to the dense model's.

            \(table.markdown())


            """
    }

    private var settingsTable: TextTable {
        var table = TextTable([.init("setting"), .init("value")])
        let s = settings
        let step = s.channelStep.map(String.init) ?? "default"
        let alignment = s.alignment.map(String.init) ?? "default"
        let rows: [(String, String)] = [
            ("program", program), ("model", s.model), ("rate", "\(s.rate)"), ("method", s.method),
            ("order", s.order), ("attention cut by", s.attentionUnits), ("refit", s.refit),
            ("allocation", s.allocation), ("granularity", s.granularity),
            ("channel step", step), ("alignment", alignment), ("ridge", "\(s.ridge)"),
            ("tokens of the gradients", "\(s.gradientTokens)"),
            ("weight of a first token", "\(s.firstTokenWeight)"),
            ("fitness", s.fitness), ("proposer", s.proposer), ("candidates", "\(s.candidates)"),
            ("population", "\(s.population)"), ("generation", "\(s.generation)"),
            ("rungs", s.rungTokens.map { "\($0)" }.joined(separator: " → ") + " tokens"),
            ("go on", s.rungShares.map { NumberFormat.percent($0) }.joined(separator: ", ")),
            ("chat model", s.chatModel ?? "none"),
            ("time limit", s.timeLimit.map { "\($0) s" } ?? "none"), ("seed", "\(s.seed)"),
            ("calibration", "\(s.calibrationTexts.joined(separator: ", ")), \(s.calibrationTokens) tokens"),
            ("lists of the vocabulary", "\(NumberFormat.percent(s.vocabularyShare)) of the calibration"),
            ("fitness text", "\(s.fitnessText), \(s.rungTokens.reduce(0, +)) tokens"),
            ("evaluation text", "\(s.evaluationText), \(s.evaluationTokens) tokens"),
            ("sequence length", "\(s.sequenceLength)"), ("format", s.format), ("element type", s.elementType),
            ("precision", s.precision), ("threads", "\(s.threads)"),
        ]
        for (name, value) in rows { table.addRow([name, value]) }
        return table
    }
}
