import Compaction
import Evaluation
import Models
import Testing

struct EvaluationMemoryTests {
    private var demand: EvaluationMemory.Demand {
        var demand = EvaluationMemory.Demand()
        demand.model = 100 << 20
        demand.workspace = 20 << 20
        demand.factors = 300 << 20
        demand.targets = 5 << 20
        demand.candidate = 75 << 20
        demand.allSublayers = 475 << 20
        demand.streams = [1 << 20, 4 << 20, 16 << 20]
        demand.depth = 41
        demand.candidates = 33
        demand.survivors = 8
        return demand
    }

    @Test func partsFillTheLimit() throws {
        for limit in [500, 501, 540, 600, 700, 2000, 100_000] {
            let memory = try EvaluationMemory(limit: limit << 20, demand)
            let fixed = demand.mandatory - demand.candidate
            #expect(fixed + memory.sublayers + memory.walking + memory.kept == limit << 20)
            #expect(memory.sublayers >= demand.candidate && memory.walking >= 0 && memory.kept >= 0)
            #expect(memory.sublayers <= demand.allSublayers)
        }
    }

    /// Five streams of the longest text for 33 candidates, then everything else.
    @Test func walksComeFirst() throws {
        #expect(demand.walking == 5 * 16 << 20)
        let scarce = try EvaluationMemory(limit: 540 << 20, demand)
        #expect(scarce.walking == 40 << 20 && scarce.kept == 0 && scarce.sublayers == demand.candidate)
        #expect(scarce.description.contains("computed again"))
        let ample = try EvaluationMemory(limit: 1 << 40, demand)
        #expect(ample.walking == demand.walking && ample.sublayers == demand.allSublayers)
        #expect(ample.stride == 4 && ample.survivors == 8)
        #expect(!ample.description.contains("computed again"))
    }

    /// Eight survivors at 21 MiB a sublayer: 10 streams each, 5, 2.
    @Test(arguments: [(1680, 4), (1679, 8), (840, 8), (839, 16), (336, 16), (100, 16)])
    func survivorsKeepFewerStreamsInLessMemory(_ kept: Int, _ stride: Int) throws {
        var demand = demand
        // All of the rest is for survivors.
        demand.allSublayers = 0
        let memory = try EvaluationMemory(limit: demand.mandatory + demand.walking + kept << 20, demand)
        #expect(memory.kept == kept << 20)
        #expect(memory.stride == stride)
        #expect(memory.survivors == min(8, kept / (21 * (40 / stride))))
    }

    @Test func tooLittleIsAnErrorThatSaysHowMuch() throws {
        let error = #expect(throws: CompactionError.self) { try EvaluationMemory(limit: 499 << 20, demand) }
        #expect(error?.code == .memoryTooSmall)
        #expect(
            error?.description
                == "The search needs at least 500.0 MiB of memory, and only 499.0 MiB are allowed.")
        var large = demand
        large.model = 3 << 30
        let other = #expect(throws: CompactionError.self) { try EvaluationMemory(limit: -1, large) }
        #expect(other?.description.contains("at least 3.4 GiB") == true)
    }

    @Test func planIsReadable() throws {
        let memory = try EvaluationMemory(limit: 2 << 30, demand)
        #expect(
            memory.description == """
                memory 2.0 GiB: model 100.0 MiB, factors 300.0 MiB, activations 20.0 MiB, targets 5.0 MiB
                packed sublayers of candidates: 475.0 MiB
                streams shared in a generation: 80.0 MiB
                streams of survivors: 1.0 GiB, one behind every 8 sublayers, 8 of 8 survivors on all texts
                """)
    }

    /// Of a real, if tiny, model: what it is said to need is what it takes.
    @Test func demandIsMeasured() throws {
        let setting = try EvaluatorFixture()
        let (prepared, rungs) = (setting.prepared, setting.rungs)
        let demand = EvaluationMemory.Demand(
            dense: prepared.model, space: prepared.space, workspace: prepared.workspace,
            rungTokens: rungs.map(\.tokens),
            factors: prepared.plan.byteCount, targets: rungs.reduce(0) { $0 + $1.byteCount }, candidates: 16,
            survivors: 4)
        #expect(demand.streams == [0, 1].map(setting.streamBytes))
        #expect(demand.walking == 4 * setting.streamBytes(1))
        #expect(demand.targets == (60 + 158) * 16 * 8)
        #expect(demand.candidate > prepared.model.mlp.reduce(0) { $0 + $1.byteCount })
        let memory = try EvaluationMemory(limit: demand.mandatory, demand)
        let evaluator = CandidateEvaluator(
            rungs: rungs, models: setting.models, dense: prepared.model, space: prepared.space,
            workspace: prepared.workspace, memory: memory)
        let family = setting.family(12, seed: 1)
        #expect(try evaluator.bits(family, 1) == setting.alone(family, 1))
        #expect(evaluator.counters.peakBytes == 0)
    }
}
