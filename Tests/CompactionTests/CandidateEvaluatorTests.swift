import Compaction
import Evaluation
import Kernels
import Models
import Search
import Testing

struct CandidateEvaluatorTests {
    /// Limits in streams of the longer text.
    struct Memory: Sendable {
        var walking: Int
        var kept: Int
        var stride = 1

        static let all = [
            Memory(walking: 100, kept: 0), Memory(walking: 0, kept: 0), Memory(walking: 1, kept: 0),
            Memory(walking: 100, kept: 1000), Memory(walking: 0, kept: 7), Memory(walking: 2, kept: 12, stride: 2),
        ]
    }

    /// Over three generations and two texts: the same bits as each candidate alone.
    @Test(arguments: [Fixture.untied, .biases], Precision.supported)
    func resultsAreThoseOfCandidatesAlone(_ fixture: Fixture, _ precision: Precision) throws {
        for mode in FitnessMode.allCases {
            let setting = try EvaluatorFixture(fixture, precision, mode)
            var generations = [setting.family(12, seed: 3) + setting.prepared.candidates.prefix(3)]
            for seed in 4...5 {
                let survivors = Array(generations[generations.count - 1].prefix(4))
                generations.append(setting.family(8, seed: UInt64(seed), from: survivors))
            }
            let expected = try generations.map { generation in
                try (0...1).map { try setting.alone(generation, $0) }
            }
            #expect(Set(expected[0][0]).count > 5)
            for memory in Memory.all {
                let unit = setting.streamBytes(1)
                let evaluator = setting.evaluator(
                    walking: memory.walking * unit, kept: memory.kept * unit, stride: memory.stride)
                for (generation, expected) in zip(generations, expected) {
                    for rung in 0...1 { #expect(try evaluator.bits(generation, rung) == expected[rung]) }
                    // Again, now with what was kept of them.
                    evaluator.keep(Array(generation.prefix(4)))
                    #expect(evaluator.counters.keptBytes <= memory.kept * unit)
                    #expect(try evaluator.bits(generation, 0) == expected[0])
                }
            }
        }
    }

    /// Sublayers that fell out of the cache are made again, the same.
    @Test func smallSublayerCachesChangeNothing() throws {
        let setting = try EvaluatorFixture(sublayerMemory: 0)
        let family = setting.family(10, seed: 8)
        let expected = try setting.alone(family, 1)
        #expect(try setting.evaluator().bits(family, 1) == expected)
        #expect(try setting.evaluator(walking: 0).bits(family, 1) == expected)
    }

    /// Neither the results nor the order in which they come depend on the order of the candidates.
    @Test func orderOfCandidatesDoesNotMatter() throws {
        let setting = try EvaluatorFixture()
        let family = setting.family(14, seed: 11)
        var generator = Congruential(state: 2)
        var runs: [[(levels: [Int], fitness: UInt64)]] = []
        for _ in 0..<3 {
            let shuffled = generator.shuffled(family)
            var run: [(levels: [Int], fitness: UInt64)] = []
            try setting.evaluator().evaluate(shuffled, rung: 0) { run.append((shuffled[$0].levels, $1.bitPattern)) }
            runs.append(run)
        }
        for run in runs {
            #expect(run.map(\.levels) == runs[0].map(\.levels))
            #expect(run.map(\.fitness) == runs[0].map(\.fitness))
        }
    }

    // MARK: Work

    /// Every distinct beginning is run once.
    @Test(arguments: [0, 1], [UInt64](1...6))
    func workIsThatOfDistinctPrefixes(_ rung: Int, _ seed: UInt64) throws {
        let setting = try EvaluatorFixture()
        let family = setting.family(15, seed: seed)
        let prefixes = Set(family.flatMap { candidate in (1...setting.depth).map { Array(candidate.levels[..<$0]) } })
        let evaluator = setting.evaluator()
        _ = try evaluator.bits(family, rung)
        let tokens = evaluator.rungTokens[rung]
        #expect(evaluator.counters.tokenSublayers == prefixes.count * tokens)
        #expect(evaluator.counters.tokenSublayersAlone == family.count * setting.depth * tokens)
        #expect(evaluator.counters.headTokens == Set(family).count * tokens)
        #expect(evaluator.counters.evaluations == family.count)
        // Few streams are held at once: at most log₂ of the candidates.
        let most = Int.bitWidth - 1 - family.count.leadingZeroBitCount
        #expect(evaluator.counters.peakBytes <= most * setting.streamBytes(rung))
        #expect(evaluator.counters.keptBytes == 0)
    }

    /// Without room for shared streams each candidate runs alone, and nothing is held.
    @Test func withoutMemoryCandidatesRunAlone() throws {
        let setting = try EvaluatorFixture()
        let family = Array(Set(setting.family(15, seed: 2)))
        let evaluator = setting.evaluator(walking: 0)
        _ = try evaluator.bits(family, 1)
        #expect(evaluator.counters.tokenSublayers == evaluator.counters.tokenSublayersAlone)
        #expect(evaluator.counters.peakBytes == 0)
        // One stream: less work than alone, more than with all the room there is.
        let (some, all) = (setting.evaluator(walking: setting.streamBytes(1)), setting.evaluator())
        _ = (try some.bits(family, 1), try all.bits(family, 1))
        #expect(some.counters.tokenSublayers < evaluator.counters.tokenSublayers)
        #expect(some.counters.tokenSublayers >= all.counters.tokenSublayers)
        #expect(some.counters.peakBytes == setting.streamBytes(1))
    }

    /// A child of a survivor runs from the last kept stream before the first level in which they differ.
    @Test(arguments: [0, 1], [1, 2, 4])
    func offspringBeginWhereTheyDiffer(_ rung: Int, _ stride: Int) throws {
        let setting = try EvaluatorFixture()
        let parent = Candidate(levels: setting.prepared.space.full.levels.map { max(0, $0 - 1) })
        for index in 0..<setting.depth {
            let evaluator = setting.evaluator(kept: .max, stride: stride)
            _ = try evaluator.bits([parent], rung)
            evaluator.keep([parent])
            let before = evaluator.counters.tokenSublayers
            var child = parent
            child.levels[index] = child.levels[index] == 0 ? 1 : 0
            #expect(try evaluator.bits([child], rung) == setting.alone([child], rung))
            let skipped = index / stride * stride
            let run = evaluator.counters.tokenSublayers - before
            #expect(run == (setting.depth - skipped) * evaluator.rungTokens[rung])
        }
    }

    // MARK: What is kept

    @Test func onlySurvivorsAreKept() throws {
        let setting = try EvaluatorFixture()
        let family = Array(Set(setting.family(10, seed: 5)))
        let evaluator = setting.evaluator(kept: .max)
        _ = try evaluator.bits(family, 0)
        let prefixes = { (candidates: [Candidate]) in
            Set(candidates.flatMap { candidate in (1..<setting.depth).map { Array(candidate.levels[..<$0]) } }).count
        }
        #expect(evaluator.counters.keptBytes == prefixes(family) * setting.streamBytes(0))
        let survivors = Array(family[..<3])
        evaluator.keep(survivors)
        #expect(evaluator.counters.keptBytes == prefixes(survivors) * setting.streamBytes(0))
        // Twice in the list is once.
        evaluator.keep(survivors + survivors)
        #expect(evaluator.counters.keptBytes == prefixes(survivors) * setting.streamBytes(0))
        evaluator.keep([])
        #expect(evaluator.counters.keptBytes == 0)
        let before = evaluator.counters.tokenSublayers
        _ = try evaluator.bits([survivors[0]], 0)
        #expect(evaluator.counters.tokenSublayers - before == setting.depth * evaluator.rungTokens[0])
    }

    /// With room for one candidate, the best one's streams are there for its child, whenever it came.
    @Test(arguments: 0..<4) func roomGoesToTheBest(_ place: Int) throws {
        let setting = try EvaluatorFixture()
        var candidates = (0..<4).map { level in
            var candidate = setting.prepared.space.full
            // Nothing in common but the embedding.
            candidate.levels[0] = level % 3
            for index in 1..<setting.depth { candidate.levels[index] = level == 3 ? 1 : level % 3 }
            return candidate
        }
        candidates[place] = setting.prepared.space.full
        let room = 2 * (setting.depth - 1) * setting.streamBytes(0)
        let evaluator = setting.evaluator(kept: room)
        for candidate in candidates { _ = try evaluator.bits([candidate], 0) }
        #expect(evaluator.counters.keptBytes <= room)
        evaluator.keep([setting.prepared.space.full])
        let before = evaluator.counters.tokenSublayers
        _ = try evaluator.bits([setting.prepared.space.full], 0)
        #expect(evaluator.counters.tokenSublayers - before == evaluator.rungTokens[0])
    }

    // MARK: Failures

    private struct Stop: Error {}

    /// An error in the middle is passed on; what came before stands and what comes after is right.
    @Test(arguments: [0, 3, 7])
    func errorsOfTheReceiverArePassedOn(_ count: Int) throws {
        let setting = try EvaluatorFixture()
        let family = setting.family(12, seed: 9)
        let expected = try setting.alone(family, 1)
        let evaluator = setting.evaluator(kept: 20 * setting.streamBytes(1))
        var results: [Int: UInt64] = [:]
        #expect(throws: Stop.self) {
            try evaluator.evaluate(family, rung: 1) { position, fitness in
                if results.count == count { throw Stop() }
                results[position] = fitness.bitPattern
            }
        }
        #expect(results.count == count && results.allSatisfy { expected[$0.key] == $0.value })
        #expect(try evaluator.bits(family, 1) == expected)
    }

    @Test(arguments: [0, 1, 2, 10, 30])
    func evaluationsCanBeCancelled(_ patience: Int) throws {
        let setting = try EvaluatorFixture()
        let family = setting.family(12, seed: 10)
        let expected = try setting.alone(family, 1)
        let evaluator = setting.evaluator(kept: 20 * setting.streamBytes(1))
        var asked = 0
        #expect(throws: CancellationError.self) {
            try evaluator.evaluate(
                family, rung: 1,
                isCancelled: {
                    asked += 1
                    return asked > patience
                }, onResult: { position, fitness in #expect(fitness.bitPattern == expected[position]) })
        }
        #expect(asked == patience + 1)
        // Nothing is left of candidates that did not end.
        evaluator.keep([])
        #expect(evaluator.counters.keptBytes == 0)
        #expect(try evaluator.bits(family, 1) == expected)
    }

    @Test func badInputIsRefusedBeforeAnythingRuns() throws {
        let setting = try EvaluatorFixture()
        let evaluator = setting.evaluator()
        let full = setting.prepared.space.full
        for rung in [-1, 2, Int.max] {
            let error = #expect(throws: CompactionError.self) { _ = try evaluator.bits([full], rung) }
            #expect(error?.code == .badRung)
        }
        for levels in [[], [0], full.levels.map { $0 + 1 }] {
            #expect(throws: SearchError.self) { _ = try evaluator.bits([full, Candidate(levels: levels)], 0) }
        }
        try evaluator.evaluate([], rung: 0) { _, _ in Issue.record("there is nothing to evaluate") }
        #expect(evaluator.counters == CandidateEvaluator.Counters())
    }
}
