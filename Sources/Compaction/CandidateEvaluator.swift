import Evaluation
import Kernels
import Models
import Search

/// Evaluates candidates together: what two of them begin with is computed once, and what survivors began with is kept.
///
/// Every candidate gets the same bits as `FitnessText.score` gives its model alone, whatever else is evaluated with it,
/// was evaluated before, is kept, or fits into memory: a sublayer's product is the same function of the residual stream
/// wherever that comes from, and the batches of a text are scored in their order.
///
/// The walk goes through the trie of the candidates' levels, and at each node through the batches of the text. The other
/// way around would need the streams of one batch only, but would give every result at the very end and would have to
/// make sublayers again that fell out of the cache. The trie needs streams of the whole text at log₂ of the candidates
/// places at most (see `CandidateTrie.streams`).
package final class CandidateEvaluator {
    private let rungs: [FitnessText]
    private let models: CandidateModels
    private let dense: LlamaModel
    private let space: SearchSpace
    private let workspace: Workspace
    private let walkingLimit: Int
    private let pool: StreamPool
    private let store: ActivationStore
    package private(set) var counters = Counters()

    /// What was done so far.
    package struct Counters: Sendable, Equatable {
        /// Tokens times sublayers that were run.
        package var tokenSublayers = 0
        /// The same if every candidate had been evaluated alone.
        package var tokenSublayersAlone = 0
        /// Tokens whose next-token probabilities were computed.
        package var headTokens = 0
        /// Results given.
        package var evaluations = 0
        /// Bytes of streams kept for candidates to come.
        package var keptBytes = 0
        /// The most bytes of streams, kept and of a walk together, at any time.
        package var peakBytes = 0

        package init() {}
    }

    /// - Parameters:
    ///   - rungs: the texts, shortest first.
    ///   - models: makes the sublayers of `space`, from `dense`.
    ///   - workspace: the one that the texts were batched for.
    package init(
        rungs: [FitnessText], models: CandidateModels, dense: LlamaModel, space: SearchSpace, workspace: Workspace,
        memory: EvaluationMemory
    ) {
        precondition(dense.sublayerCount == space.sublayers.count, "the space is another model's")
        self.rungs = rungs
        self.models = models
        self.dense = dense
        self.space = space
        self.workspace = workspace
        walkingLimit = memory.walking
        let (limit, overflow) = memory.walking.addingReportingOverflow(memory.kept)
        pool = StreamPool(limit: overflow ? .max : limit)
        store = ActivationStore(memoryLimit: memory.kept, stride: memory.stride, pool: pool)
    }

    /// Tokens of each rung's text.
    package var rungTokens: [Int] { rungs.map(\.tokens) }

    /// Evaluates candidates on the text of a rung.
    /// - Parameters:
    ///   - isCancelled: asked before every batch.
    ///   - onResult: given the position in `candidates` and the fitness as soon as it is known, equal candidates one
    ///     after the other, in an order that depends on the candidates only. What it throws ends the evaluation.
    /// - Throws: `SearchError` for a candidate outside the space (before anything is run), `CompactionError.badRung`,
    ///   `ModelError`, `KernelError`, `CancellationError`, and what `onResult` throws. What was given to `onResult`
    ///   before stands, and the next evaluation is as good as ever.
    package func evaluate(
        _ candidates: [Candidate], rung: Int, isCancelled: () -> Bool = { false },
        onResult: (Int, Double) throws -> Void
    ) throws {
        guard rungs.indices.contains(rung) else {
            throw CompactionError(.badRung, "There are \(rungs.count) rungs, none with the number \(rung)")
        }
        for candidate in candidates { _ = try space.units(of: candidate) }
        guard !candidates.isEmpty else { return }
        defer {
            store.abandon()
            counters.keptBytes = store.byteCount
        }
        for candidate in candidates { store.begin(candidate.levels, rung: rung) }
        try withoutActuallyEscaping(isCancelled) { isCancelled in
            try withoutActuallyEscaping(onResult) { onResult in
                let walk = Walk(self, rung, isCancelled: isCancelled, onResult: onResult)
                try walk.visit(CandidateTrie(candidates), from: nil, mayOverwrite: false)
            }
        }
    }

    /// Candidates whose activations are worth keeping: the survivors, most valuable first. Those of others are dropped.
    /// What survivors have not kept yet, they keep when a later candidate passes through it.
    package func keep(_ survivors: [Candidate]) {
        store.keep(survivors.map(\.levels), rungs: rungs.count)
        counters.keptBytes = store.byteCount
    }
}

extension CandidateEvaluator {
    /// The residual streams of all batches at a node.
    private final class Streams {
        /// Sublayers that were run.
        var depth: Int
        let batches: [AlignedBuffer]

        init(depth: Int, batches: [AlignedBuffer]) {
            self.depth = depth
            self.batches = batches
        }
    }

    /// One evaluation under way.
    private final class Walk {
        private let evaluator: CandidateEvaluator
        private let rung: Int
        private let text: FitnessText
        private let isCancelled: () -> Bool
        private let onResult: (Int, Double) throws -> Void
        /// The dense model with the sublayers of the path that was walked last.
        private var model: LlamaModel
        private var levels: [Int?]
        private var streamBytes = 0

        init(
            _ evaluator: CandidateEvaluator, _ rung: Int, isCancelled: @escaping () -> Bool,
            onResult: @escaping (Int, Double) throws -> Void
        ) {
            self.evaluator = evaluator
            self.rung = rung
            text = evaluator.rungs[rung]
            self.isCancelled = isCancelled
            self.onResult = onResult
            model = evaluator.dense
            levels = [Int?](repeating: nil, count: model.sublayerCount)
        }

        /// - Parameters:
        ///   - source: streams of a node on the way to this one, `nil` at the embedded tokens.
        ///   - mayOverwrite: nobody else needs `source`.
        func visit(_ node: CandidateTrie, from source: Streams?, mayOverwrite: Bool) throws {
            if node.isLeaf { return try score(node, from: source) }
            var here = source
            var allocated: Streams?
            defer { if let allocated { release(allocated) } }
            var ownsHere = mayOverwrite
            if node.levels.count > source?.depth ?? 0 {
                if !mayOverwrite {
                    allocated = allocate(atDepth: node.levels.count)
                    here = allocated
                }
                if let here {
                    for (batch, stream) in here.batches.enumerated() {
                        try advance(node.levels, batch, from: source)
                        evaluator.workspace.saveResidual(rows: rows(batch), to: stream)
                    }
                    here.depth = node.levels.count
                    ownsHere = true
                } else {
                    // No room: the children run what they share once more each.
                    here = source
                }
            }
            for (index, child) in node.children.enumerated() {
                let isLast = index == node.children.count - 1
                try visit(child, from: here, mayOverwrite: ownsHere && isLast && here != nil)
            }
        }

        private func score(_ node: CandidateTrie, from source: Streams?) throws {
            var sum = FitnessText.Sum()
            for batch in text.batches.indices {
                try advance(node.levels, batch, from: source)
                model.finish(text.batches[batch], in: evaluator.workspace)
                try text.add(batch: batch, in: evaluator.workspace, to: &sum)
                evaluator.counters.headTokens += rows(batch)
            }
            let fitness = sum.mean
            evaluator.store.end(node.levels, rung: rung, fitness: fitness)
            for position in node.positions {
                evaluator.counters.evaluations += 1
                evaluator.counters.tokenSublayersAlone += text.tokens * node.levels.count
                try onResult(position, fitness)
            }
        }

        /// Brings the stream of a batch behind the sublayers with these levels into the workspace.
        private func advance(_ path: [Int], _ batch: Int, from source: Streams?) throws {
            if isCancelled() { throw CancellationError() }
            let (workspace, store, tokens) = (evaluator.workspace, evaluator.store, text.batches[batch])
            var depth = source?.depth ?? 0
            if let kept = store.deepest(path, rung: rung, batch: batch, behind: depth) {
                workspace.loadResidual(rows: rows(batch), from: kept.stream)
                depth = kept.depth
            } else if let source {
                workspace.loadResidual(rows: rows(batch), from: source.batches[batch])
            } else {
                try model.begin(tokens, in: workspace)
            }
            while depth < path.count {
                try install(depth, path[depth])
                try model.run(depth..<depth + 1, tokens, in: workspace)
                evaluator.counters.tokenSublayers += rows(batch)
                depth += 1
                store.offer(path[..<depth], rung: rung, batch: batch, rows: rows(batch), workspace)
                notePeak()
            }
        }

        private func install(_ sublayer: Int, _ level: Int) throws {
            if levels[sublayer] == level { return }
            try evaluator.models.install(sublayer, level: level, in: &model)
            levels[sublayer] = level
        }

        private func rows(_ batch: Int) -> Int { text.batches[batch].tokens.count }

        /// `nil` when there is no room.
        private func allocate(atDepth depth: Int) -> Streams? {
            let sizes = text.batches.map { evaluator.workspace.residualByteCount(rows: $0.tokens.count) }
            let total = sizes.reduce(0, +)
            guard streamBytes + total <= evaluator.walkingLimit else { return nil }
            streamBytes += total
            notePeak()
            return Streams(depth: depth, batches: sizes.map(evaluator.pool.take))
        }

        private func release(_ streams: Streams) {
            for stream in streams.batches {
                streamBytes -= stream.byteCount
                evaluator.pool.give(stream)
            }
        }

        private func notePeak() {
            evaluator.counters.peakBytes = max(
                evaluator.counters.peakBytes, streamBytes + evaluator.store.byteCount)
        }
    }
}
