import Foundation
import Reporting

extension AnalysisReport {
    /// One row a block: what cutting its attention, its MLP and all of it costs. Interpolated losses have a `~`.
    /// - Parameter bars: with a bar for the loss of the block, on a logarithmic scale.
    package func blockTable(bars: Bool, isUnicode: Bool) -> TextTable {
        let (attention, mlp) = (columns(\.attention), columns(\.mlp))
        var heads: [TextTable.Column] = [.init("block", .right)]
        heads += attention.map { .init("attention −\($0.name)", .right) }
        heads += mlp.map { .init("MLP −\($0.name)", .right) }
        heads += [.init("without it", .right), .init("rank", .right)]
        if bars { heads.append(.init("")) }
        var table = TextTable(heads)
        let fractions = Bar.logarithmicFractions(blocks.map(\.loss))
        for (place, block) in blocks.enumerated() {
            var cells = ["\(block.index)"]
            cells += attention.map { Self.cell(block.attention, rate: $0.rate) }
            cells += mlp.map { Self.cell(block.mlp, rate: $0.rate) }
            cells += [
                NumberFormat.fixed(block.loss, 4),
                ranking.firstIndex(of: block.index).map { "\($0 + 1)" } ?? "",
            ]
            if bars { cells.append(Bar.text(fractions[place], width: 12, isUnicode: isUnicode)) }
            table.addRow(cells)
        }
        table.addRule()
        var sums = ["sum"]
        for column in attention { sums.append(sum(\.attention, rate: column.rate)) }
        for column in mlp { sums.append(sum(\.mlp, rate: column.rate)) }
        sums.append(NumberFormat.fixed(blocks.reduce(0) { $0 + $1.loss }, 4))
        table.addRow(sums)
        return table
    }

    /// The blocks that the model misses least.
    package func rankingTable(count: Int) -> TextTable {
        var table = TextTable([
            .init("rank", .right), .init("block", .right), .init("parameters", .right), .init("loss", .right),
            .init("per million", .right),
        ])
        for (place, index) in ranking.prefix(count).enumerated() {
            guard let block = blocks.first(where: { $0.index == index }) else { continue }
            table.addRow([
                "\(place + 1)", "\(index)", NumberFormat.count(block.parameters), NumberFormat.fixed(block.loss, 4),
                NumberFormat.fixed(block.loss / Double(max(block.parameters, 1)) * 1e6, 4),
            ])
        }
        return table
    }

    /// Attention against MLP.
    package var kindTable: TextTable {
        var table = TextTable([
            .init("all of kind, each alone"), .init("parameters", .right), .init("share", .right),
            .init("−50 %", .right), .init("per million freed", .right), .init("−100 %", .right),
        ])
        let all = Double(max(kinds.reduce(0) { $0 + $1.parameters }, 1))
        for kind in kinds {
            table.addRow([
                kind.name == "mlp" ? "MLP" : kind.name, NumberFormat.count(kind.parameters),
                NumberFormat.percent(Double(kind.parameters) / all), NumberFormat.fixed(kind.halfLoss, 3),
                NumberFormat.fixed(kind.halfLossPerMillion, 4), NumberFormat.fixed(kind.loss, 3),
            ])
        }
        return table
    }

    /// Pairs whose parts make up for each other most, and those that lack the same most.
    /// - Parameter count: of pairs at each end.
    package func pairTable(count: Int) -> TextTable {
        var table = TextTable([
            .init("removed together"), .init("loss", .right), .init("sum of both alone", .right),
            .init("interaction", .right), .init("of the sum", .right),
        ])
        let shown = pairs.count <= 2 * count ? pairs : Array(pairs.prefix(count) + pairs.suffix(count))
        for (place, pair) in shown.enumerated() {
            if place == count, pairs.count > 2 * count { table.addRule() }
            table.addRow([
                pair.parts.map(\.name).joined(separator: " and "), NumberFormat.fixed(pair.loss, 4),
                NumberFormat.fixed(pair.sum, 4), Self.signed(pair.interaction),
                pair.sum > 0 ? Self.signedPercent(pair.interaction / pair.sum) : "–",
            ])
        }
        return table
    }

    /// How it was measured, and how far the interpolation can be trusted.
    package var words: String {
        let unit =
            fitness == "kl"
            ? "Losses are nats per token between the predictions of the whole and of the cut model"
            : "Losses are what the cut adds to the negative log-likelihood, in nats per token"
        var text = "\(unit), on \(tokens) tokens of \(self.text); \(measured) cuts were measured.\n"
        text += "Where a part is gone its mean stays, and what is left is refit."
        if interpolation.checks > 0 {
            text +=
                "\nLosses with a ~ are interpolated: of \(interpolation.checks) foretold and then measured, the median "
                + "was off by \(NumberFormat.percent(interpolation.medianError, decimals: 0)), the worst by "
                + "\(NumberFormat.percent(interpolation.worstError, decimals: 0))."
        }
        return text
    }

    // MARK: Cells

    private struct Cut {
        var name: String
        var rate: Double
    }

    /// Each number of units where there are few of them in all blocks, else quarters.
    private func columns(_ kind: KeyPath<Block, [Level]>) -> [Cut] {
        let tops = Set(blocks.map { $0[keyPath: kind].count - 1 }.filter { $0 > 0 })
        let areWhole = blocks.allSatisfy { Self.haveWholeUnits($0[keyPath: kind]) }
        if let top = tops.first, tops.count == 1, top <= 4, areWhole {
            return (1...top).map { Cut(name: "\($0)/\(top)", rate: Double($0) / Double(top)) }
        }
        return tops.isEmpty ? [] : (1...4).map { Cut(name: "\($0 * 25) %", rate: Double($0) / 4) }
    }

    /// No level keeps other than all query heads of its groups.
    private static func haveWholeUnits(_ levels: [Level]) -> Bool {
        guard let whole = levels.last, let heads = whole.queryHeads else { return true }
        return levels.allSatisfy { ($0.queryHeads ?? 0) * whole.units == heads * $0.units }
    }

    private static func nearest(_ levels: [Level], rate: Double) -> Level? {
        guard levels.count > 1 else { return nil }
        return levels.min { abs($0.rate - rate) < abs($1.rate - rate) }
    }

    private static func cell(_ levels: [Level], rate: Double) -> String {
        guard let level = nearest(levels, rate: rate) else { return "–" }
        return (level.measured ? "" : "~") + NumberFormat.fixed(level.loss, 4)
    }

    private func sum(_ kind: KeyPath<Block, [Level]>, rate: Double) -> String {
        NumberFormat.fixed(blocks.reduce(0) { $0 + (Self.nearest($1[keyPath: kind], rate: rate)?.loss ?? 0) }, 4)
    }

    private static func signed(_ value: Double) -> String {
        (value > 0 ? "+" : "") + NumberFormat.fixed(value, 4)
    }

    private static func signedPercent(_ value: Double) -> String {
        (value > 0 ? "+" : "") + NumberFormat.percent(value, decimals: 0)
    }
}

extension AnalysisReport.Part {
    /// `block 3`, `attention 3`, `MLP 3`.
    var name: String { "\(kind == "mlp" ? "MLP" : kind) \(block)" }
}
