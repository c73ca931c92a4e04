import Foundation
import SelfPruner
import Testing

struct PruneTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var fixture = "gqa-untied"
        var method = SearchOptions.Method.nested
        var allocation: PruneOptions.Allocation?
        var granularity = SearchOptions.Granularity.sublayer
        var rate = 0.3
        var elementType = OutputForm.ElementType.auto
        var precision = ComputeOptions.Precision.float32

        var testDescription: String {
            "\(fixture) \(method.rawValue) \(allocation?.rawValue ?? "default") \(granularity.rawValue) \(rate) "
                + "\(elementType.rawValue) \(precision.rawValue)"
        }

        var searches: Bool { (allocation ?? (method == .nested ? .search : .uniform)) == .search }

        func apply(_ options: inout PruneOptions) {
            options.rate = rate
            options.method = method
            options.allocation = allocation
            options.granularity = granularity
            options.form.elementType = elementType
            options.compute.precision = precision
        }
    }

    static let cases = [
        Case(),
        Case(granularity: .layer, rate: 0.5),
        Case(allocation: .uniform, rate: 0.2, precision: .auto),
        Case(method: .wandaSP, rate: 0.5),
        Case(method: .wandaSP, allocation: .search, rate: 0.4, elementType: .float16),
        Case(fixture: "gqa-tied", rate: 0.5, elementType: .bfloat16),
        Case(fixture: "gqa-untied", granularity: .layer, rate: 0.2, elementType: .float32),
        Case(fixture: "mha", rate: 0.2),
        Case(fixture: "biases", rate: 0.4),
        Case(fixture: "biases", method: .wandaSP, rate: 0.6),
        Case(rate: 0.9),
        Case(method: .wandaSP, rate: 0.9),
    ]

    @Test(arguments: cases) func `writes a smaller model and a true report`(_ test: Case) async throws {
        let fixture = try PruneFixture(test.fixture)
        let options = fixture.options(test.apply)
        let report = try await prune(options)

        #expect(try fixture.folder.contents() == (fixture.inputs() + ["smaller"]).sorted())
        #expect(
            try fixture.folder.contents("smaller") == [
                "config.json", "model.safetensors", "modeling_selfpruner_llama.py", "report.json", "report.md",
            ] + (test.searches ? ["search"] : []) + ["tokenizer.json", "tokenizer_config.json"])
        if test.searches { #expect(try fixture.folder.contents("smaller/search") == ["journal.jsonl", "run.json"]) }
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            #expect(try fixture.folder.data("smaller/\(name)") == fixture.folder.data("\(test.fixture)/\(name)"))
        }
        #expect(try fixture.folder.data("smaller/report.json") == JSONOutput.encode(report))
        #expect(try fixture.folder.data("smaller/report.md") == Data(report.markdown.utf8))

        let dense = try ModelSummary(inspecting: fixture.model)
        let smaller = try ModelSummary(inspecting: options.output)
        checkSizes(report, dense, smaller, test)
        try checkBudget(report, dense, smaller, test)
        try checkShapes(report, fixture)
        checkSearch(report, test)
        try checkFigures(report.before, options, options.model)
        try checkFigures(report.after, options, options.output)
    }

    private func checkSizes(_ report: PruneReport, _ dense: ModelSummary, _ smaller: ModelSummary, _ test: Case) {
        for (figures, summary) in [(report.before, dense), (report.after, smaller)] {
            #expect(figures.parameters == summary.parameters)
            #expect(figures.decoderParameters == summary.decoderParameters)
            #expect(figures.fileBytes == summary.bytes)
            #expect(figures.bfloat16Bytes == 2 * summary.parameters)
        }
        let type = [.float16: "F16", .bfloat16: "BF16"][test.elementType] ?? "F32"
        #expect(smaller.elementTypes == [type: smaller.parameters])
        #expect(smaller.otherParameters == dense.otherParameters)
        #expect(report.blocks.map(\.channels) == smaller.blocks.map(\.channels))
        #expect(report.blocks.map(\.keyValueHeads) == smaller.blocks.map(\.keyValueHeads))
        #expect(report.blocks.map(\.queryHeads) == smaller.blocks.map(\.queryHeads))
        #expect(report.blocks.map(\.denseChannels) == dense.blocks.map(\.channels))
        #expect(report.blocks.map(\.denseKeyValueHeads) == dense.blocks.map(\.keyValueHeads))
        let refit = test.method == .nested ? ["attentionOutput", "down"] : []
        #expect(Set(smaller.biases) == Set(dense.biases + refit))
    }

    /// The budget holds, and what is left of it is less than any step up.
    private func checkBudget(
        _ report: PruneReport, _ dense: ModelSummary, _ smaller: ModelSummary, _ test: Case
    ) throws {
        let budget = Int(((1 - test.rate) * Double(dense.decoderParameters)).rounded(.down))
        let slack = budget - smaller.decoderParameters
        #expect(slack >= 0)
        #expect(report.rate.target == test.rate)
        #expect(report.rate.decoder >= test.rate)
        #expect(report.rate.decoder == 1 - Double(smaller.decoderParameters) / Double(dense.decoderParameters))
        #expect(report.rate.total == 1 - Double(smaller.parameters) / Double(dense.parameters))
        let (norm, hidden, head) = (48, 48, 16)
        let gateUpBias = dense.biases.contains("gateUp") ? 2 : 0
        let headBias = dense.biases.contains("queryKeyValue") ? 1 : 0
        var steps: [Int] = []
        for (before, after) in zip(dense.blocks, smaller.blocks) {
            if after.channels < before.channels {
                steps.append(8 * (3 * hidden + gateUpBias) + (after.channels == 0 ? norm : 0))
            }
            if after.keyValueHeads < before.keyValueHeads {
                let queries = before.queryHeads / before.keyValueHeads
                let group = head * (queries * (2 * hidden + headBias) + 2 * (hidden + headBias))
                steps.append(group + (after.keyValueHeads == 0 ? norm : 0))
            }
        }
        // In granularity `layer` a step changes both sublayers of a block.
        let step = try #require(test.granularity == .layer ? steps.max().map { 2 * $0 } : steps.min())
        #expect(slack < step)
    }

    private func checkShapes(_ report: PruneReport, _ fixture: PruneFixture) throws {
        let shapes = try fixture.shapes("smaller/model.safetensors")
        for block in report.blocks {
            let prefix = "model.layers.\(block.index)."
            let (query, keyValue) = (16 * block.queryHeads, 16 * block.keyValueHeads)
            let expected: [(String, [Int])] = [
                ("self_attn.q_proj", [query, 48]), ("self_attn.k_proj", [keyValue, 48]),
                ("self_attn.v_proj", [keyValue, 48]), ("self_attn.o_proj", [48, query]),
                ("mlp.gate_proj", [block.channels, 48]), ("mlp.up_proj", [block.channels, 48]),
                ("mlp.down_proj", [48, block.channels]),
            ]
            for (name, shape) in expected {
                #expect(shapes["\(prefix)\(name).weight"] == (shape.contains(0) ? nil : shape))
            }
        }
        #expect(shapes.values.reduce(0) { $0 + $1.reduce(1, *) } == report.after.parameters)
    }

    private func checkSearch(_ report: PruneReport, _ test: Case) {
        #expect((report.search != nil) == test.searches)
        #expect(report.settings.allocation == (test.searches ? "search" : "uniform"))
        guard let search = report.search else { return }
        #expect(search.evaluated == 8)
        #expect(search.finishReason == "candidates")
        #expect(search.bestSoFar.count == 8)
        #expect(search.bestSoFar.first == search.uniformFitness)
        #expect(search.bestSoFar.last == search.bestFitness)
        let curve = search.bestSoFar.map { $0 ?? .infinity }
        #expect(zip(curve, curve.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(search.operators.reduce(0) { $0 + $1.evaluated } == 8)
    }

    /// The figures are those that `evaluate` gives for the folder.
    private func checkFigures(_ figures: PruneReport.Figures, _ options: PruneOptions, _ model: String) throws {
        var evaluation = EvaluateOptions(model: model, text: options.evaluationText ?? "")
        evaluation.sequenceLength = options.sequenceLength
        evaluation.maximumTokens = options.evaluationTokens
        evaluation.compute = options.compute
        let fresh = try evaluate(evaluation)
        #expect(figures.tokensScored == fresh.tokensScored)
        #expect(abs(figures.negativeLogLikelihood - fresh.negativeLogLikelihood) < 1e-9)
        #expect(abs(figures.perplexity - fresh.perplexity) < 1e-9 * fresh.perplexity)
        #expect(abs(figures.perplexityStandardError - fresh.perplexityStandardError) < 1e-9 * fresh.perplexity)
        #expect(figures.prefillTokensPerSecond > 0)
        #expect(figures.decodeTokensPerSecond > 0)
    }

    @Test func `the same seed gives the same model and report`() async throws {
        let fixture = try PruneFixture()
        var reports: [PruneReport] = []
        for name in ["first", "second"] {
            reports.append(
                try await prune(
                    fixture.options {
                        $0.output = fixture.folder(name)
                        $0.seed = 7
                        $0.candidates = 12
                    }))
        }
        for name in ["model.safetensors", "config.json"] {
            #expect(try fixture.folder.data("first/\(name)") == fixture.folder.data("second/\(name)"))
        }
        #expect(try JSONOutput.encode(reports[0].reproducible) == JSONOutput.encode(reports[1].reproducible))
    }

    @Test func `a pruned model can be pruned again`() async throws {
        let fixture = try PruneFixture()
        let first = try await prune(fixture.options())
        let second = try await prune(
            fixture.options {
                $0.model = $0.output
                $0.output = fixture.folder("smallest")
            })
        #expect(second.before.parameters == first.after.parameters)
        #expect(abs(second.before.perplexity - first.after.perplexity) < 1e-9 * first.after.perplexity)
        #expect(second.after.decoderParameters <= Int(0.7 * Double(first.after.decoderParameters)))
        var options = GenerateOptions(model: fixture.folder("smallest"), prompt: "the cat")
        options.compute = ComputeOptions(precision: .float32, threads: 1)
        options.maximumTokens = 4
        #expect((1...4).contains(try generate(options).ids.count))
    }

    /// Stopped in the middle of the search, the same call goes on and writes the same bytes.
    @Test(arguments: [1, 3, 7])
    func `an interrupted pruning ends as an uninterrupted one`(_ candidates: Int) async throws {
        let (whole, other) = (try PruneFixture(), try PruneFixture())
        let expected = try await prune(whole.options { $0.candidates = 12 })
        func again(_ observer: CancellingObserver) async throws -> PruneReport {
            try await prune(other.options { $0.candidates = 12 }, observer: observer)
        }
        await #expect(throws: CancellationError.self) {
            try await again(CancellingObserver(after: candidates, of: "search"))
        }
        #expect(try other.folder.contents() == (other.inputs() + ["smaller.run"]).sorted())
        let report = try await again(CancellingObserver(after: .max))
        let reports = [expected, report].map(\.reproducible)
        #expect(try JSONOutput.encode(reports[0].blocks) == JSONOutput.encode(reports[1].blocks))
        #expect(try JSONOutput.encode(reports[0].after) == JSONOutput.encode(reports[1].after))
        #expect(reports[0].search?.bestFitness == reports[1].search?.bestFitness)
        #expect(
            try whole.folder.data("smaller/model.safetensors") == other.folder.data("smaller/model.safetensors"))
        #expect(try other.folder.contents() == (other.inputs() + ["smaller"]).sorted())
    }

    @Test func `perplexity as fitness`() async throws {
        let fixture = try PruneFixture()
        let report = try await prune(fixture.options { $0.fitness = .perplexity })
        // The fitness of a random model is about that of random guesses: the logarithm of the vocabulary and more.
        #expect(try #require(report.search?.bestFitness) > 4)
        #expect(report.settings.fitness == "perplexity")
    }

    @Test func `stages begin in their order`() async throws {
        let observer = CancellingObserver(after: .max)
        let fixture = try PruneFixture()
        _ = try await prune(fixture.options(), observer: observer)
        #expect(
            observer.stages == [
                "load", "evaluate before", "calibrate", "gradients", "factor", "sensitivities", "search", "load",
                "evaluate after",
            ])
    }

    @Test func `a time limit ends the search`() async throws {
        let fixture = try PruneFixture()
        let report = try await prune(
            fixture.options {
                $0.timeLimit = 0.5
                $0.candidates = 1_000_000
            })
        #expect(report.search?.finishReason == "timeLimit")
        #expect(try #require(report.search).evaluated < 1_000_000)
    }

    @Test func `a search ends when there are no more candidates`() async throws {
        let fixture = try PruneFixture("gqa-tied")
        let report = try await prune(
            fixture.options {
                $0.channelStep = 80
                $0.candidates = 1000
            })
        // Two sublayers of two levels in each of two blocks.
        let search = try #require(report.search)
        #expect(search.evaluated <= 16)
        #expect(search.finishReason == "exhausted")
    }
}
