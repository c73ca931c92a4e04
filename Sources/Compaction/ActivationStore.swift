import Kernels
import Models

/// Residual streams along the paths of candidates, for candidates to come that begin alike.
///
/// A stream belongs to a rung, a batch and the levels that led to it, and is shared by all candidates on whose path it
/// lies; it goes when the last of them goes. Within the limit, streams are kept as they come up. When room is short, the
/// candidate whose streams are worth least gives all of its own: first one that is no survivor and came out worst,
/// longest texts first; for a survivor's sake also a less valuable survivor.
final class ActivationStore {
    let memoryLimit: Int
    /// Streams lie behind every `stride` sublayers.
    let stride: Int
    private(set) var byteCount = 0
    private let pool: StreamPool
    private var places: [Place: Streams] = [:]
    private var holders: [Holder: State] = [:]

    init(memoryLimit: Int, stride: Int, pool: StreamPool) {
        self.memoryLimit = memoryLimit
        self.pool = pool
        self.stride = max(1, stride)
    }

    private struct Place: Hashable {
        var rung: Int
        var levels: ArraySlice<Int>
    }

    private struct Streams {
        /// Candidates on whose path this lies.
        var holders = 0
        var batches: [Int: AlignedBuffer] = [:]
        /// The best of the holders that are survivors.
        var rank: Int?
    }

    private struct Holder: Hashable {
        var rung: Int
        var levels: [Int]
    }

    private enum State {
        case running
        case done(Double)
        /// 0 is the most valuable.
        case survivor(rank: Int)
    }
}

// MARK: Candidates

extension ActivationStore {
    /// Announces that a candidate runs, so that its streams are kept.
    func begin(_ levels: [Int], rung: Int) {
        let holder = Holder(rung: rung, levels: levels)
        if memoryLimit > 0 && holders[holder] == nil { add(holder, .running) }
    }

    func end(_ levels: [Int], rung: Int, fitness: Double) {
        let holder = Holder(rung: rung, levels: levels)
        guard case .running = holders[holder] else { return }
        if fitness.isFinite { holders[holder] = .done(fitness) } else { remove(holder) }
    }

    /// Forgets candidates that began and did not end.
    func abandon() {
        for (holder, state) in holders {
            if case .running = state { remove(holder) }
        }
    }

    /// From now on these are the survivors, most valuable first; the streams of all others go.
    func keep(_ survivors: [[Int]], rungs: Int) {
        guard memoryLimit > 0 else { return }
        var kept: [Holder: Int] = [:]
        for (rank, levels) in survivors.enumerated() {
            for rung in 0..<rungs { kept[Holder(rung: rung, levels: levels), default: rank] = rank }
        }
        for holder in Array(holders.keys) where kept[holder] == nil { remove(holder) }
        for place in Array(places.keys) { places[place]?.rank = nil }
        for (holder, rank) in kept {
            if holders[holder] == nil { add(holder, .survivor(rank: rank)) }
            holders[holder] = .survivor(rank: rank)
            for place in path(holder) {
                let best = places[place]?.rank ?? rank
                places[place]?.rank = min(best, rank)
            }
        }
    }

    private func path(_ holder: Holder) -> [Place] {
        Swift.stride(from: stride, to: holder.levels.count, by: stride)
            .map { Place(rung: holder.rung, levels: holder.levels[..<$0]) }
    }

    private func add(_ holder: Holder, _ state: State) {
        holders[holder] = state
        for place in path(holder) { places[place, default: Streams()].holders += 1 }
    }

    private func remove(_ holder: Holder) {
        holders[holder] = nil
        for place in path(holder) {
            guard var streams = places[place] else { continue }
            streams.holders -= 1
            if streams.holders > 0 {
                places[place] = streams
            } else {
                places[place] = nil
                for stream in streams.batches.values {
                    byteCount -= stream.byteCount
                    pool.give(stream)
                }
            }
        }
    }
}

// MARK: Streams

extension ActivationStore {
    /// The stream of a batch behind the most sublayers, more than `depth`, of a path.
    func deepest(_ levels: [Int], rung: Int, batch: Int, behind depth: Int) -> (depth: Int, stream: AlignedBuffer)? {
        guard memoryLimit > 0 else { return nil }
        var end = levels.count / stride * stride
        while end > depth {
            if let stream = places[Place(rung: rung, levels: levels[..<end])]?.batches[batch] { return (end, stream) }
            end -= stride
        }
        return nil
    }

    /// Keeps the stream that lies in the workspace when a candidate that runs or survives passes here and there is room.
    func offer(_ levels: ArraySlice<Int>, rung: Int, batch: Int, rows: Int, _ workspace: Workspace) {
        guard memoryLimit > 0, levels.count.isMultiple(of: stride) else { return }
        let place = Place(rung: rung, levels: levels)
        guard let streams = places[place], streams.batches[batch] == nil else { return }
        let size = workspace.residualByteCount(rows: rows)
        guard size <= memoryLimit else { return }
        while byteCount + size > memoryLimit {
            guard let victim = victim(rung: rung, rank: streams.rank) else { return }
            remove(victim)
        }
        // A candidate that gave its streams may have been the only one to pass here.
        guard places[place] != nil else { return }
        let stream = pool.take(size)
        workspace.saveResidual(rows: rows, to: stream)
        places[place]?.batches[batch] = stream
        byteCount += size
    }

    /// Whose streams make room for one of this rung, and of a survivor's rank.
    private func victim(rung: Int, rank: Int?) -> Holder? {
        var worst: (holder: Holder, value: Value)?
        for (holder, state) in holders {
            let value: Value
            switch state {
            case .running: continue
            case .done(let fitness):
                guard rank != nil || holder.rung >= rung else { continue }
                value = Value(survives: 0, rung: holder.rung, fitness: fitness)
            case .survivor(let other):
                guard let rank, (holder.rung, other) > (rung, rank) else { continue }
                value = Value(survives: 1, rung: holder.rung, fitness: Double(other))
            }
            if worst.map({ value.isLess(than: $0.value, holder, $0.holder) }) ?? true { worst = (holder, value) }
        }
        return worst?.holder
    }

    private struct Value {
        var survives: Int
        var rung: Int
        /// Or a survivor's rank.
        var fitness: Double

        func isLess(than other: Value, _ holder: Holder, _ otherHolder: Holder) -> Bool {
            let (left, right) = ((survives, -rung, -fitness), (other.survives, -other.rung, -other.fitness))
            // Ties by the levels, so that what is kept is the same in every run.
            return left != right ? left < right : holder.levels.lexicographicallyPrecedes(otherHolder.levels)
        }
    }
}
