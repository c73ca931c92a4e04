import Foundation
import SelfPruner
import TestSupport
import Testing

struct BaselineMethodTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var method: SearchOptions.Method
        var allocation: PruneOptions.Allocation?
        var settled: PruneOptions.Allocation
        var fixture = "gqa-untied"
        var rate = 0.4
        var format = OutputForm.Format.hf

        var testDescription: String {
            "\(method.rawValue) \(settled.rawValue) \(fixture) \(rate) \(format.rawValue)"
        }

        var removesBlocks: Bool { settled == .blocks }
    }

    static let cases = [
        Case(method: .magnitude, settled: .uniform),
        Case(method: .random, settled: .uniform, fixture: "mha"),
        Case(method: .random, allocation: .search, settled: .search),
        Case(method: .wandaSP, allocation: .owl, settled: .owl),
        Case(method: .nested, allocation: .owl, settled: .owl, format: .gguf),
        Case(method: .flap, settled: .global, format: .gguf),
        Case(method: .flap, settled: .global, fixture: "biases", rate: 0.7),
        Case(method: .flap, settled: .global, fixture: "mha", rate: 0.8, format: .hfPadded),
        Case(method: .flap, allocation: .uniform, settled: .uniform, fixture: "mha"),
        Case(method: .flap, allocation: .owl, settled: .owl, rate: 0.2),
        Case(method: .shortgpt, settled: .blocks),
        Case(method: .shortgpt, settled: .blocks, fixture: "biases", format: .gguf),
        Case(method: .shortgpt, allocation: .blocks, settled: .blocks, rate: 0.9, format: .gguf),
        Case(method: .sleb, settled: .blocks, rate: 0.3),
        Case(method: .sleb, settled: .blocks, fixture: "biases", rate: 0.6, format: .hfPadded),
        Case(method: .sleb, settled: .blocks, fixture: "gqa-tied", rate: 0.5),
    ]

    /// What is written is read back and compared by `prune` itself; here the rate, the blocks and the settings.
    @Test(arguments: cases) func `a baseline gives a model that loads`(_ test: Case) async throws {
        let fixture = try PruneFixture(test.fixture)
        let report = try await prune(
            fixture.options {
                $0.method = test.method
                $0.allocation = test.allocation
                $0.rate = test.rate
                $0.form.format = test.format
                if test.method == .flap { $0.channelStep = nil }
            })
        #expect(report.settings.method == test.method.rawValue)
        #expect(report.settings.allocation == test.settled.rawValue)
        #expect((report.search == nil) == (test.settled != .search))
        #expect((report.allocationWords == nil) == (test.settled == .search))
        #expect(report.after.perplexity.isFinite && report.after.perplexity > 1)
        if test.format == .hf {
            #expect(report.rate.decoder >= test.rate - 1e-6)
            #expect(try ModelSummary(inspecting: fixture.folder("smaller")).parameters == report.after.parameters)
        }
        guard test.removesBlocks else { return }
        let blocks = report.blocks.count
        let gone = report.blocks.count { $0.keyValueHeads == 0 && $0.channels == 0 }
        // Where the model has biases, a block that is gone keeps their place.
        #expect(report.blocks.allSatisfy { $0.rate == 0 || $0.rate > 0.9 })
        // The fewest that reach the rate.
        #expect(gone == Int((Double(blocks) * test.rate - 1e-9).rounded(.up)))
        #expect(report.removedBlocks == gone)
        #expect(report.markdown.contains("\(gone) of \(blocks) blocks go"))
    }

    /// FLAP's threshold knows single channels, and the slack is less than one.
    @Test func `flap holds the budget to the channel`() async throws {
        let fixture = try PruneFixture()
        let report = try await prune(
            fixture.options {
                $0.method = .flap
                $0.channelStep = nil
                $0.rate = 0.35
            })
        let budget = Int((0.65 * Double(report.before.decoderParameters)).rounded(.down))
        #expect(report.after.decoderParameters <= budget)
        #expect(report.after.decoderParameters > budget - 3 * 48)
        #expect(report.blocks.contains { !$0.channels.isMultiple(of: 8) })
    }

    @Test func `the seed decides what random keeps`() async throws {
        let fixture = try PruneFixture()
        var models: [Data] = []
        for seed in [0, 1, 0] as [UInt64] {
            _ = try await prune(
                fixture.options {
                    $0.method = .random
                    $0.seed = seed
                    $0.overwrite = true
                })
            models.append(try fixture.folder.data("smaller/model.safetensors"))
        }
        #expect(models[0] == models[2] && models[0] != models[1])
    }

    @Test func `methods that see no data do not calibrate`() async throws {
        let fixture = try PruneFixture()
        for method in [SearchOptions.Method.magnitude, .random, .shortgpt, .sleb] {
            let observer = CancellingObserver(after: .max)
            let report = try await prune(
                fixture.options {
                    $0.method = method
                    $0.overwrite = true
                }, observer: observer)
            #expect(!observer.stages.contains("calibrate"))
            #expect(observer.stages.contains("influence") == (method == .shortgpt))
            #expect(observer.stages.contains("elimination") == (method == .sleb))
            #expect((report.seconds["influence"] != nil) == (method == .shortgpt))
        }
    }

    @Test(
        arguments: [
            (.flap, .search, "nothing to search"), (.shortgpt, .search, "nothing to search"),
            (.sleb, .uniform, "whole blocks"), (.wandaSP, .global, "uniform, owl, search"),
            (.nested, .blocks, "search, uniform, owl"), (.shortgpt, .owl, "blocks"),
        ] as [(SearchOptions.Method, PruneOptions.Allocation, String)])
    func `allocations that do not go with a method`(
        _ method: SearchOptions.Method, _ allocation: PruneOptions.Allocation, _ words: String
    ) async throws {
        let fixture = try PruneFixture()
        await #expect {
            try await prune(
                fixture.options {
                    $0.method = method
                    $0.allocation = allocation
                })
        } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && "\($0)".contains(words)
                && "\($0)".contains(method.rawValue) && "\($0)".contains(allocation.rawValue)
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test func `there is nothing to search for a method that decides by itself`() async throws {
        let fixture = try PruneFixture()
        for method in [SearchOptions.Method.flap, .shortgpt, .sleb] {
            let options = fixture.options { $0.method = method }.search
            await #expect { try await search(options, run: fixture.folder("run")) } throws: {
                "\($0)".contains("nothing to search")
            }
            await #expect {
                try await compare(CompareOptions(options, proposers: [.evolution], output: fixture.folder("c")))
            } throws: {
                "\($0)".contains("nothing to search")
            }
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test func `a method with an order of its own takes no other`() async throws {
        let fixture = try PruneFixture()
        await #expect {
            try await prune(
                fixture.options {
                    $0.method = .flap
                    $0.order = .wanda
                })
        } throws: {
            "\($0)".contains("an order of its own")
        }
    }
}
