import Compaction
import Evaluation
import Factors
import Kernels
import Models
import Search

/// A tiny model with two fitness texts: one batch of 60 tokens, and three batches of 158 tokens.
struct EvaluatorFixture {
    let prepared: Prepared
    let rungs: [FitnessText]
    let models: CandidateModels

    init(
        _ fixture: Fixture = .untied, _ precision: Precision = .float32, _ mode: FitnessMode = .kl,
        sublayerMemory: Int = .max
    ) throws {
        prepared = try Prepared(fixture, .nested, precision)
        let prepared = prepared
        rungs = try [[40, 20], [40, 20, 50, 17, 31]].enumerated().map { seed, lengths in
            try FitnessText(
                Fixture.windows(lengths, seed: UInt64(seed + 7)), mode: mode, dense: prepared.model,
                in: prepared.workspace, topCount: 16)
        }
        models = CandidateModels(
            plan: prepared.plan, dense: prepared.model, space: prepared.space, memoryLimit: sublayerMemory)
    }

    var depth: Int { prepared.space.sublayers.count }

    func evaluator(walking: Int = .max, kept: Int = 0, stride: Int = 1) -> CandidateEvaluator {
        CandidateEvaluator(
            rungs: rungs, models: models, dense: prepared.model, space: prepared.space, workspace: prepared.workspace,
            memory: EvaluationMemory(sublayers: .max, walking: walking, kept: kept, stride: stride))
    }

    /// Bytes of the residual stream of a rung's text.
    func streamBytes(_ rung: Int) -> Int { prepared.workspace.residualByteCount(rows: rungs[rung].tokens) }

    /// What evaluating a candidate alone gives, as bits.
    func alone(_ candidates: [Candidate], _ rung: Int) throws -> [UInt64] {
        try candidates.map { try rungs[rung].score(models.model($0), in: prepared.workspace).bitPattern }
    }

    /// Families of candidates that begin alike, some of them equal, in no order.
    func family(_ count: Int, seed: UInt64, from parents: [Candidate] = []) -> [Candidate] {
        var generator = Congruential(state: seed)
        var family = parents.isEmpty ? [prepared.space.full] : parents
        for _ in 0..<count {
            var child = family[generator.below(family.count)]
            for _ in 0..<generator.below(3) {
                let index = generator.below(depth)
                child.levels[index] = generator.below(prepared.space.sublayers[index].units.count)
            }
            family.append(child)
        }
        family.removeFirst(parents.count)
        return generator.shuffled(family)
    }
}

/// Numbers that are the same in every run.
struct Congruential {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    mutating func shuffled<Element>(_ values: [Element]) -> [Element] {
        var values = values
        for index in values.indices.reversed() { values.swapAt(index, below(index + 1)) }
        return values
    }
}

extension CandidateEvaluator {
    /// Fitness of each candidate as bits; `nil` for those without a result, or with more than one.
    func bits(_ candidates: [Candidate], _ rung: Int) throws -> [UInt64?] {
        var results: [Int: [UInt64]] = [:]
        try evaluate(candidates, rung: rung) { results[$0, default: []].append($1.bitPattern) }
        return candidates.indices.map { results[$0]?.count == 1 ? results[$0]?[0] : nil }
    }
}
