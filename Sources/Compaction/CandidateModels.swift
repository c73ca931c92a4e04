import Kernels
import Models
import Search

/// Makes runnable models of candidates. Sublayers are packed once per level and shared between candidates, least
/// recently used first out when memory runs short.
package final class CandidateModels {
    private let plan: PruningPlan
    private let dense: LlamaModel
    private let space: SearchSpace
    private let memoryLimit: Int
    private var attention: [Key: Entry<AttentionSublayer>] = [:]
    private var mlp: [Key: Entry<MLPSublayer>] = [:]
    private var byteCount = 0
    private var clock = 0

    private struct Key: Hashable {
        var block: Int
        var level: Int
    }

    private struct Entry<Sublayer> {
        var sublayer: Sublayer
        var lastUse: Int
    }

    /// - Parameters:
    ///   - dense: the packed dense model; its whole sublayers, embedding and head are shared.
    ///   - memoryLimit: bytes that cached sublayers may take.
    package init(plan: PruningPlan, dense: LlamaModel, space: SearchSpace, memoryLimit: Int) {
        self.plan = plan
        self.dense = dense
        self.space = space
        self.memoryLimit = memoryLimit
    }

    /// - Throws: `SearchError` for a candidate outside the space, `KernelError`.
    package func model(_ candidate: Candidate) throws -> LlamaModel {
        let blocks = try space.blocks(of: candidate, in: dense.description)
        clock += 1
        var model = dense
        model.description = dense.description.pruned(to: blocks, addsBiases: plan.addsBiases)
        for (sublayer, level) in candidate.levels.enumerated() { try put(sublayer, level, into: &model) }
        evict()
        return model
    }

    /// Puts the sublayer of a level into `model`, at its place in the space. What `model` holds stays alive there when
    /// the cache drops it.
    /// - Throws: `KernelError`.
    package func install(_ sublayer: Int, level: Int, in model: inout LlamaModel) throws {
        clock += 1
        try put(sublayer, level, into: &model)
        evict()
    }

    private func put(_ index: Int, _ level: Int, into model: inout LlamaModel) throws {
        let sublayer = space.sublayers[index]
        let block = sublayer.block
        let isWhole = level == sublayer.fullLevel
        switch sublayer.kind {
        case .attention:
            model.attention[block] = try isWhole ? dense.attention[block] : attentionSublayer(sublayer, level)
        case .mlp: model.mlp[block] = try isWhole ? dense.mlp[block] : mlpSublayer(sublayer, level)
        }
    }

    private func attentionSublayer(_ sublayer: SearchSpace.Sublayer, _ level: Int) throws -> AttentionSublayer {
        let block = sublayer.block
        return try cached(\.attention, Key(block: block, level: level), byteCount: \.byteCount) {
            let shape = sublayer.attentionShape(level, of: dense.description.blocks[block].attention)
            return try AttentionSublayer(
                plan.attentionWeights(block: block, keeping: shape), precision: dense.precision)
        }
    }

    private func mlpSublayer(_ sublayer: SearchSpace.Sublayer, _ level: Int) throws -> MLPSublayer {
        let block = sublayer.block
        return try cached(\.mlp, Key(block: block, level: level), byteCount: \.byteCount) {
            try MLPSublayer(
                plan.mlpWeights(block: block, keeping: sublayer.units[level]), precision: dense.precision)
        }
    }

    private func cached<Sublayer>(
        _ cache: ReferenceWritableKeyPath<CandidateModels, [Key: Entry<Sublayer>]>, _ key: Key,
        byteCount size: KeyPath<Sublayer, Int>, make: () throws -> Sublayer
    ) throws -> Sublayer {
        if let known = self[keyPath: cache][key] {
            self[keyPath: cache][key]?.lastUse = clock
            return known.sublayer
        }
        let made = try make()
        self[keyPath: cache][key] = Entry(sublayer: made, lastUse: clock)
        byteCount += made[keyPath: size]
        return made
    }

    /// Drops what the current candidate does not use, oldest first, until the limit holds.
    private func evict() {
        guard byteCount > memoryLimit else { return }
        let old = (attention.map { ($0.value.lastUse, $0.key, true) } + mlp.map { ($0.value.lastUse, $0.key, false) })
            .filter { $0.0 < clock }
            .sorted { ($0.0, $0.1.block, $0.1.level) < ($1.0, $1.1.block, $1.1.level) }
        for (_, key, isAttention) in old where byteCount > memoryLimit {
            byteCount -=
                isAttention
                ? attention.removeValue(forKey: key)?.sublayer.byteCount ?? 0
                : mlp.removeValue(forKey: key)?.sublayer.byteCount ?? 0
        }
    }
}
