import Checkpoints
import Kernels
import Models

/// The metric of every sublayer's output. `nil` where the model has no such sublayer.
package struct OutputMetrics: Sendable {
    /// Per block: outputs of attention.
    package let attention: [OutputMetric?]
    /// Per block: outputs of the MLP.
    package let mlp: [OutputMetric?]

    /// Tokens of one sequence: long enough for all that attention does, short enough for its quadratic share.
    package static let sequenceLength = 1024

    /// Of gradients that were gathered before.
    package init(attention: [OutputMetric?], mlp: [OutputMetric?]) {
        self.attention = attention
        self.mlp = mlp
    }

    /// Runs back through the dense model from predictions that it makes itself.
    /// - Parameters:
    ///   - outside: has the final norm and the head.
    ///   - windows: the calibration text; of so many windows as are needed, evenly spread, the beginning is taken.
    ///   - lists: the windows that are no text, by their indices; they have their share of those that are taken.
    ///   - tokens: how many of them to run.
    ///   - progress: called with the tokens done.
    ///   - isCancelled: asked between sequences.
    /// - Throws: `ModelError`, `KernelError`, `CancellationError`, what cannot be read.
    package init(
        _ model: LlamaModel, attention: [AttentionWeights], mlp: [MLPWeights], outside: any WeightSource,
        windows: [[Int32]], lists: Set<Int> = [], tokens: Int, seed: UInt64 = 0, in workspace: Workspace,
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws {
        let width = model.description.hiddenSize
        let attentionMetrics = attention.map { $0.keyValueHeads > 0 ? OutputMetric(width: width) : nil }
        let mlpMetrics = mlp.map { $0.channels > 0 ? OutputMetric(width: width) : nil }
        self.attention = attentionMetrics
        self.mlp = mlpMetrics
        let sequences = Self.sequences(
            windows, lists: lists, tokens: tokens, longest: min(Self.sequenceLength, workspace.rows))
        guard let longest = sequences.map(\.count).max() else { return }
        let pass = try BackwardPass(
            model, attention: attention, mlp: mlp, outside: outside, rows: longest, workspace: workspace)
        var bits = SplitMix64(seed: seed)
        var done = 0
        for sequence in sequences {
            if isCancelled() { throw CancellationError() }
            try pass.run(sequence, draws: sequence.map { _ in Float(bits.next() >> 40) * 0x1p-24 }) {
                sublayer, gradient in
                let metrics = sublayer.isMultiple(of: 2) ? attentionMetrics : mlpMetrics
                metrics[sublayer / 2]?.add(gradient, count: sequence.count)
            }
            done += sequence.count
            progress(done)
        }
    }

    /// How many tokens the gradients will be of.
    package static func tokens(_ windows: [[Int32]], tokens: Int, rows: Int) -> Int {
        sequences(windows, tokens: tokens, longest: min(sequenceLength, rows)).reduce(0) { $0 + $1.count }
    }

    private static func sequences(
        _ windows: [[Int32]], lists: Set<Int> = [], tokens: Int, longest: Int
    ) -> [[Int32]] {
        let present = windows.indices.filter { !windows[$0].isEmpty }
        let lists = Set(present.indices.filter { lists.contains(present[$0]) })
        let windows = present.map { windows[$0] }
        guard tokens > 0, longest > 0, !windows.isEmpty else { return [] }
        // Of windows longer than a sequence, the beginnings first, then what follows.
        var pieces: [[Int32]] = []
        let rounds = (windows.map(\.count).max()! + longest - 1) / longest
        for round in 0..<rounds {
            for window in windows where window.count > round * longest {
                pieces.append(Array(window[round * longest..<min((round + 1) * longest, window.count)]))
            }
        }
        // The fewest that have the tokens.
        var chosen: [[Int32]] = []
        for wanted in min(pieces.count, (tokens + longest - 1) / longest)...pieces.count {
            let spread =
                wanted < windows.count ? Self.spread(wanted, of: windows.count, lists: lists) : Array(0..<wanted)
            chosen = spread.map { pieces[$0] }
            if chosen.reduce(0, { $0 + $1.count }) >= tokens { break }
        }
        var rest = tokens
        return chosen.compactMap { piece in
            defer { rest -= min(rest, piece.count) }
            return rest > 0 ? Array(piece.prefix(rest)) : nil
        }
    }

    /// So many of the windows, evenly spread. Lists are evenly spread too, and an even choice can hit all of them or none:
    /// where it has not their share, neighbours stand in.
    static func spread(_ wanted: Int, of count: Int, lists: Set<Int>) -> [Int] {
        var chosen = (0..<wanted).map { $0 * count / wanted }
        var taken = Set(chosen)
        let share = Int((Double(wanted * lists.count) / Double(count)).rounded())
        var excess = chosen.count(where: lists.contains) - share
        for index in chosen.indices where excess != 0 && lists.contains(chosen[index]) == (excess > 0) {
            let others = (0..<count).filter { lists.contains($0) != (excess > 0) && !taken.contains($0) }
            guard let other = others.min(by: { abs($0 - chosen[index]) < abs($1 - chosen[index]) }) else { break }
            taken.insert(other)
            chosen[index] = other
            excess -= excess.signum()
        }
        return chosen
    }
}
