import Reporting

extension ComparisonReport {
    /// One row a proposer, means ± standard deviations over seeds.
    package var table: TextTable {
        var table = TextTable([
            .init("proposer"), .init("seeds", .right), .init("candidates", .right),
            .init("fitness (\(fitness))", .right),
            .init("held-out perplexity", .right), .init("accepted offspring", .right), .init("search, s", .right),
            .init("of it proposing", .right),
        ])
        for proposer in proposers {
            let runs = runs(of: proposer)
            let fitness = Statistic(runs.compactMap(\.search.bestFitness))
            let perplexity = Statistic(runs.map(\.perplexity))
            let offspring = runs.flatMap(\.search.operators).filter(\.isOffspring)
            let made = offspring.reduce(0) { $0 + $1.evaluated }
            let accepted = offspring.reduce(0) { $0 + $1.accepted }
            let seconds = runs.reduce(0) { $0 + $1.search.seconds } / Double(max(runs.count, 1))
            let proposing = runs.reduce(0) { $0 + $1.search.proposalSeconds } / Double(max(runs.count, 1))
            table.addRow([
                proposer, "\(runs.count)", "\(runs.first?.search.evaluated ?? 0)",
                "\(NumberFormat.fixed(fitness.mean, 4)) ± \(NumberFormat.fixed(fitness.deviation, 4))",
                "\(NumberFormat.fixed(perplexity.mean, 2)) ± \(NumberFormat.fixed(perplexity.deviation, 2))",
                made > 0 ? NumberFormat.percent(Double(accepted) / Double(made)) : "–",
                NumberFormat.fixed(seconds, 0), NumberFormat.percent(seconds > 0 ? proposing / seconds : 0),
            ])
        }
        return table
    }

    /// One row an operator of a proposer, sums over seeds.
    package var operatorTable: TextTable {
        var table = TextTable([
            .init("proposer"), .init("operator"), .init("evaluated", .right), .init("accepted", .right),
            .init("fitter than parents", .right), .init("improved the best", .right), .init("rejected", .right),
            .init("s per proposal", .right), .init("agreement", .right), .init("by chance", .right),
        ])
        for proposer in proposers {
            let all = runs(of: proposer).flatMap(\.search.operators).filter(\.isOffspring)
            let names = all.reduce(into: [String]()) { if !$0.contains($1.name) { $0.append($1.name) } }
            for name in names {
                let same = all.filter { $0.name == name }
                func sum(_ value: (SearchReport.Operator) -> Int) -> Int { same.reduce(0) { $0 + value($1) } }
                let (evaluated, rejected) = (sum(\.evaluated), sum(\.rejected))
                func share(_ count: Int) -> String {
                    evaluated > 0 ? NumberFormat.percent(Double(count) / Double(evaluated)) : "–"
                }
                func mean(_ value: (SearchReport.Operator) -> Double?) -> String {
                    let known = same.compactMap { item in value(item).map { ($0, Double(item.evaluated)) } }
                    let count = known.reduce(0) { $0 + $1.1 }
                    return count == 0
                        ? "–" : NumberFormat.percent(known.reduce(0) { $0 + $1.0 * $1.1 } / count, decimals: 1)
                }
                table.addRow([
                    proposer, name, "\(evaluated)", share(sum(\.accepted)), share(sum(\.improvedParents)),
                    "\(sum(\.improvedBest))", "\(rejected)",
                    NumberFormat.fixed(
                        same.reduce(0) { $0 + $1.proposalSeconds } / Double(max(evaluated + rejected, 1)), 2),
                    mean(\.agreement), mean(\.chanceAgreement),
                ])
            }
        }
        return table
    }

    package var markdown: String {
        """
        # Proposers compared

        \(model), rate \(rate), \(candidates) candidates each, rungs of \
        \(rungTokens.map { "\($0)" }.joined(separator: " → ")) tokens. Perplexity on \(perplexity.corpus), \
        \(perplexity.windows) windows of \(perplexity.sequenceLength) tokens, \(perplexity.precision); dense \
        \(NumberFormat.fixed(densePerplexity, 2)). Means ± standard deviations over seeds.

        \(table.markdown())

        ![Best fitness so far](curves.svg)

        \(operatorTable.markdown())

        """
    }
}

extension SearchReport.Operator {
    /// Made by a proposer, not a seed.
    var isOffspring: Bool { !name.hasPrefix("seeds.") }
}
