import Checkpoints
import Compaction
import Foundation
import Kernels
import Models
import Search

/// Measures what each part of a model is worth to it: every sublayer cut alone at a few levels and interpolated between
/// them, every block removed, and the cheapest parts removed two at a time. Nothing is written.
/// - Throws: errors that describe themselves in a sentence; `CancellationError`.
public func analyze(
    _ options: AnalyzeOptions, observer: some RunObserver = SilentObserver()
) throws -> AnalysisReport {
    try options.check()
    let search = options.prepared
    let precision = try search.compute.apply()
    let prepared = try PreparedModel(search, precision, observer)
    try PreparedSearch.check(prepared, search)
    var times = StageTimes()
    let shared = try PreparedSearch(prepared, search, &times, observer, keepsStreams: false)
    var analysis = Analysis(options: options, shared: shared, observer: observer)
    return try analysis.run(&times)
}

private struct Analysis<Observer: RunObserver> {
    let options: AnalyzeOptions
    let shared: PreparedSearch
    let observer: Observer
    /// Cuts measured so far.
    private var measured = 0

    private var space: SearchSpace { shared.space }
    /// Every sublayer at its lowest.
    private var nothing: [Int] { space.sublayers.map { _ in 0 } }

    init(options: AnalyzeOptions, shared: PreparedSearch, observer: Observer) {
        self.options = options
        self.shared = shared
        self.observer = observer
    }

    /// A sublayer at a level.
    private struct Cut: Hashable {
        var sublayer: Int
        var level: Int
    }

    mutating func run(_ times: inout StageTimes) throws -> AnalysisReport {
        let start = ContinuousClock.now
        let blocks = blockSublayers
        let cuts = space.sublayers.indices.flatMap { index in
            SensitivityTable.levelsToMeasure(of: space.sublayers[index]).map { Cut(sublayer: index, level: $0) }
        }
        let checks = checks(except: Set(cuts))
        let singles = try measure(
            (cuts + checks).map { space.full.with($0.level, at: $0.sublayer) }
                + blocks.map { shared.cut($0, to: nothing) },
            stage: "measure parts")
        times.add("measure parts", since: start)

        let errors = shared.plan.residualErrors(in: space)
        let known = Array(zip(cuts, singles))
        let foretold = try SensitivityTable(measurements(known), errors: errors, in: space)
        let checked = Array(zip(checks, singles.dropFirst(cuts.count)))
        let table = try SensitivityTable(measurements(known + checked), errors: errors, in: space)
        let removals = finite(Array(singles.dropFirst(cuts.count + checks.count)))

        let pairStart = ContinuousClock.now
        let pairs = try pairs(blocks, removals, table)
        times.add("measure pairs", since: pairStart)
        return AnalysisReport(
            program: "selfpruner \(selfPrunerVersion)", model: options.search.model,
            method: options.search.method.rawValue, order: options.search.order.rawValue,
            fitness: options.search.fitness.unit,
            text: URL(fileURLWithPath: shared.prepared.texts.fitnessPath).lastPathComponent,
            tokens: shared.evaluator.rungTokens[0], measured: measured,
            blocks: blocks.indices.map { block(blocks[$0], removals[$0], table) },
            ranking: blocks.indices.sorted { (removals[$0], $0) < (removals[$1], $1) }
                .map { space.sublayers[blocks[$0][0]].block },
            kinds: [.attention, .mlp].map { kind($0, table) }, pairs: pairs,
            interpolation: interpolation(foretold, checked), seconds: times.seconds)
    }

    /// Sublayers of each block.
    private var blockSublayers: [[Int]] {
        var blocks: [[Int]] = []
        for index in space.sublayers.indices {
            if let last = blocks.last?.first, space.sublayers[last].block == space.sublayers[index].block {
                blocks[blocks.count - 1].append(index)
            } else {
                blocks.append([index])
            }
        }
        return blocks
    }

    private mutating func measure(_ candidates: [Candidate], stage: String) throws -> [Double] {
        guard !candidates.isEmpty else { return [] }
        measured += candidates.count
        return try shared.losses(of: candidates, stage: stage, unit: "cuts", observer)
    }

    private func measurements(_ losses: [(Cut, Double)]) -> [[SensitivityTable.Measurement]] {
        var result = space.sublayers.map { _ in [SensitivityTable.Measurement]() }
        for (cut, loss) in losses { result[cut.sublayer].append(.init(level: cut.level, loss: loss)) }
        return result
    }

    /// A cut after which there are no numbers is as bad as the worst.
    private func finite(_ losses: [Double]) -> [Double] {
        let worst = losses.filter(\.isFinite).max() ?? 0
        return losses.map { $0.isFinite ? $0 : worst }
    }

    // MARK: Checks

    /// Levels between the measured ones, of sublayers all over the model.
    private func checks(except known: Set<Cut>) -> [Cut] {
        let fractions = [0.875, 0.625, 0.25, 0.375]
        let able = space.sublayers.indices.filter { index in
            space.sublayers[index].fullLevel > SensitivityTable.levelsToMeasure(of: space.sublayers[index]).count
        }
        let count = min(options.checks, able.count)
        return (0..<count).compactMap { place in
            let index = able[place * able.count / count]
            let level = space.sublayers[index].level(nearestToKept: fractions[place % fractions.count])
            let cut = Cut(sublayer: index, level: level)
            return level == space.sublayers[index].fullLevel || known.contains(cut) ? nil : cut
        }
    }

    private func interpolation(
        _ foretold: SensitivityTable, _ checked: [(Cut, Double)]
    ) -> AnalysisReport.Interpolation {
        let errors = checked.filter { $0.1.isFinite && $0.1 > 0 }
            .map { abs(foretold.losses[$0.0.sublayer][$0.0.level] / $0.1 - 1) }
            .sorted()
        return AnalysisReport.Interpolation(
            checks: errors.count, medianError: errors.isEmpty ? 0 : errors[errors.count / 2],
            worstError: errors.last ?? 0)
    }

    // MARK: Pairs

    private mutating func pairs(
        _ blocks: [[Int]], _ removals: [Double], _ table: SensitivityTable
    ) throws -> [AnalysisReport.Pair] {
        let wholes = blocks.indices.map { place in
            Removal(kind: "block", block: space.sublayers[blocks[place][0]].block, blocks[place], removals[place])
        }
        let sublayers = space.sublayers.indices.filter { space.sublayers[$0].fullLevel > 0 }.map { index in
            let sublayer = space.sublayers[index]
            return Removal(
                kind: sublayer.kind.rawValue, block: sublayer.block, [index], table.losses[index][0])
        }
        let chosen = [wholes, sublayers].flatMap { Self.pairs(of: cheapest($0)) }
        let losses = finite(
            try measure(chosen.map { shared.cut($0.0.sublayers + $0.1.sublayers, to: nothing) }, stage: "measure pairs")
        )
        return zip(chosen, losses).map { pair, loss in
            let sum = pair.0.loss + pair.1.loss
            return AnalysisReport.Pair(
                parts: [pair.0.part, pair.1.part], loss: loss, sum: sum, interaction: loss - sum)
        }.sorted { $0.interaction > $1.interaction }
    }

    /// A part that is gone, and what that costs alone.
    private struct Removal {
        var part: AnalysisReport.Part
        var sublayers: [Int]
        var loss: Double

        init(kind: String, block: Int, _ sublayers: [Int], _ loss: Double) {
            part = AnalysisReport.Part(kind: kind, block: block)
            self.sublayers = sublayers
            self.loss = loss
        }
    }

    private func cheapest(_ removals: [Removal]) -> [Removal] {
        let places = removals.indices.sorted { (removals[$0].loss, $0) < (removals[$1].loss, $1) }
        return places.prefix(options.pairs).sorted().map { removals[$0] }
    }

    private static func pairs(of removals: [Removal]) -> [(Removal, Removal)] {
        removals.indices.flatMap { first in
            removals[(first + 1)...].map { (removals[first], $0) }
        }
    }

    // MARK: Report

    private func block(
        _ sublayers: [Int], _ loss: Double, _ table: SensitivityTable
    ) -> AnalysisReport.Block {
        func all(_ kind: SearchSpace.SublayerKind) -> [AnalysisReport.Level] {
            sublayers.filter { space.sublayers[$0].kind == kind }.flatMap { levels(ofSublayer: $0, table) }
        }
        return AnalysisReport.Block(
            index: space.sublayers[sublayers[0]].block,
            parameters: sublayers.reduce(0) { $0 + space.sublayers[$1].fullParameters },
            attention: all(.attention), mlp: all(.mlp), loss: loss)
    }

    private func levels(ofSublayer index: Int, _ table: SensitivityTable) -> [AnalysisReport.Level] {
        let sublayer = space.sublayers[index]
        let measured = Set(table.measuredLevels[index] + [sublayer.fullLevel])
        return sublayer.units.indices.map { level in
            AnalysisReport.Level(
                units: sublayer.units[level], queryHeads: queryHeads(sublayer, level), rate: rate(sublayer, level),
                loss: table.losses[index][level],
                measured: measured.contains(level))
        }
    }

    /// Of an attention.
    private func queryHeads(_ sublayer: SearchSpace.Sublayer, _ level: Int) -> Int? {
        guard sublayer.kind == .attention else { return nil }
        let whole = shared.prepared.checkpoint.description.blocks[sublayer.block].attention
        return sublayer.attentionShape(level, of: whole).queryHeads
    }

    private func rate(_ sublayer: SearchSpace.Sublayer, _ level: Int) -> Double {
        let full = sublayer.fullParameters
        return full == 0 ? 0 : 1 - Double(sublayer.parameters[level]) / Double(full)
    }

    private func kind(_ kind: SearchSpace.SublayerKind, _ table: SensitivityTable) -> AnalysisReport.Kind {
        var result = AnalysisReport.Kind(
            name: kind.rawValue, parameters: 0, halfLoss: 0, loss: 0, halfLossPerMillion: 0)
        var freed = 0
        for (index, sublayer) in space.sublayers.enumerated() where sublayer.kind == kind && sublayer.fullLevel > 0 {
            let half = sublayer.level(nearestToKept: 0.5)
            result.parameters += sublayer.fullParameters
            result.halfLoss += table.losses[index][half]
            result.loss += table.losses[index][0]
            freed += sublayer.fullParameters - sublayer.parameters[half]
        }
        result.halfLossPerMillion = freed > 0 ? result.halfLoss / Double(freed) * 1e6 : 0
        return result
    }
}

extension Candidate {
    /// The same with one sublayer at another level.
    fileprivate func with(_ level: Int, at sublayer: Int) -> Candidate {
        var other = self
        other.levels[sublayer] = level
        return other
    }
}
