import Foundation
import SelfPruner
import TestSupport
import Testing

struct PruneFailureTests {
    @Test(arguments: ["load", "evaluate before", "calibrate", "factor", "search", "evaluate after"])
    func `a cancelled pruning leaves nothing behind`(_ stage: String) async throws {
        let fixture = try PruneFixture()
        let observer = CancellingObserver(after: 0, of: stage)
        await #expect(throws: CancellationError.self) { try await prune(fixture.options(), observer: observer) }
        #expect(observer.stages.contains(stage))
        // But for the search: what was evaluated is kept beside the output, for the next time.
        let run = ["search", "evaluate after"].contains(stage) ? ["smaller.run"] : []
        #expect(try fixture.folder.contents() == (fixture.inputs() + run).sorted())
    }

    @Test func `a cancelled pruning leaves the output it was to replace`() async throws {
        let fixture = try PruneFixture()
        try fixture.folder.write("smaller/mine.txt", Data("mine".utf8))
        let observer = CancellingObserver(after: 0, of: "evaluate after")
        await #expect(throws: CancellationError.self) {
            try await prune(fixture.options { $0.overwrite = true }, observer: observer)
        }
        #expect(try fixture.folder.contents("smaller") == ["mine.txt"])
        #expect(try fixture.folder.contents() == (fixture.inputs() + ["smaller", "smaller.run"]).sorted())
    }

    @Test func `an output that is not empty is refused, and replaced with overwrite`() async throws {
        let fixture = try PruneFixture()
        try fixture.folder.write("smaller/mine.txt", Data("mine".utf8))
        await #expect { try await prune(fixture.options()) } throws: {
            "\($0)".contains(fixture.folder("smaller")) && "\($0)".contains("--overwrite")
        }
        #expect(try fixture.folder.contents("smaller") == ["mine.txt"])
        _ = try await prune(fixture.options { $0.overwrite = true })
        #expect(try !fixture.folder.contents("smaller").contains("mine.txt"))
        #expect(try ModelSummary(inspecting: fixture.folder("smaller")).parameters < 71760)
        #expect(try fixture.folder.contents() == (fixture.inputs() + ["smaller"]).sorted())
    }

    @Test func `an empty folder may be the output`() async throws {
        let fixture = try PruneFixture()
        try FileManager.default.createDirectory(
            atPath: fixture.folder("smaller"), withIntermediateDirectories: false)
        _ = try await prune(fixture.options())
        #expect(try fixture.folder.contents("smaller").contains("model.safetensors"))
    }

    @Test func `a file is not replaced by a folder`() async throws {
        let fixture = try PruneFixture()
        try fixture.folder.write("smaller", Data("mine".utf8))
        await #expect { try await prune(fixture.options { $0.overwrite = true }) } throws: {
            "\($0)".contains(fixture.folder("smaller"))
        }
        #expect(try fixture.folder.data("smaller") == Data("mine".utf8))
    }

    @Test func `a model may be replaced by its smaller version`() async throws {
        let fixture = try PruneFixture()
        let report = try await prune(
            fixture.options {
                $0.output = $0.model
                $0.overwrite = true
            })
        #expect(report.before.parameters == 71760)
        #expect(try ModelSummary(inspecting: fixture.model).parameters == report.after.parameters)
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test(
        arguments: [
            { $0.rate = 0 }, { $0.rate = 1 }, { $0.rate = .nan }, { $0.rate = -0.1 }, { $0.rate = 1.5 },
            { $0.ridge = -1 }, { $0.ridge = .nan }, { $0.ridge = .infinity },
            { $0.firstTokenWeight = 0 }, { $0.firstTokenWeight = .nan },
            { $0.vocabularyShare = -0.1 }, { $0.vocabularyShare = 1 }, { $0.vocabularyShare = .nan },
            { $0.candidates = 0 }, { $0.population = -1 }, { $0.channelStep = 0 },
            { $0.calibrationTokens = 0 }, { $0.rungTokens = [0] }, { $0.rungShares = [] }, { $0.rungShares = [2] },
            { $0.generation = 0 }, { $0.evaluationTokens = 0 },
            { $0.sequenceLength = 1 }, { $0.sequenceLength = .min },
            { $0.timeLimit = 0 }, { $0.timeLimit = -1 }, { $0.timeLimit = .nan },
            { $0.compute.threads = 0 }, { $0.compute.threads = -4 },
        ] as [@Sendable (inout PruneOptions) -> Void])
    func `options that make no sense`(_ change: @Sendable (inout PruneOptions) -> Void) async throws {
        let fixture = try PruneFixture()
        await #expect { try await prune(fixture.options(change)) } throws: {
            ($0 as? SelfPrunerError)?.code == .badOption && !"\($0)".contains("\n")
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test func `a rate that leaves less than the least is one sentence`() async throws {
        let fixture = try PruneFixture()
        await #expect { try await prune(fixture.options { $0.rate = 0.9999 }) } throws: {
            "\($0)".hasSuffix(".") && !"\($0)".contains("\n") && "\($0)".contains("budget")
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    /// Every pair of the three texts.
    @Test(arguments: [
        ("calibration", "fitness"), ("calibration", "evaluation"), ("fitness", "evaluation"),
    ])
    func `texts that share a passage are refused`(_ first: String, _ second: String) async throws {
        let fixture = try PruneFixture()
        let passage = TinyModel.text(words: 40, seed: 99)
        for (index, name) in [first, second].enumerated() {
            let text = TinyModel.text(words: 3 + 2 * index, seed: UInt64(10 + index)) + passage
            try fixture.folder.write("\(name).txt", Data(text.utf8))
        }
        await #expect { try await prune(fixture.options()) } throws: {
            ($0 as? SelfPrunerError)?.code == .textsOverlap && "\($0)".contains("\(first) text (\(first).txt")
                && "\($0)".contains("\(second) text (\(second).txt")
        }
        #expect(try fixture.folder.contents() == fixture.inputs())
    }

    @Test func `one text for everything is refused`() async throws {
        let fixture = try PruneFixture()
        await #expect { try await prune(fixture.options { $0.evaluationText = $0.fitnessText }) } throws: {
            ($0 as? SelfPrunerError)?.code == .textsOverlap
        }
    }

    /// Also for a search on all of a text, whose windows have to be whole.
    @Test func `a fitness text shorter than a window is refused without rungs`() async throws {
        let fixture = try PruneFixture()
        try fixture.folder.write("fitness.txt", Data(TinyModel.text(words: 6, seed: 7).utf8))
        await #expect {
            try await prune(
                fixture.options {
                    $0.rungTokens = []
                    $0.rungShares = []
                    $0.fitnessWindow = $0.sequenceLength
                })
        } throws: {
            ($0 as? SelfPrunerError)?.code == .textTooShort && "\($0)".contains("fitness.txt")
        }
    }

    @Test(arguments: ["calibration", "fitness", "evaluation"])
    func `texts that are too short or missing`(_ name: String) async throws {
        let fixture = try PruneFixture()
        try fixture.folder.write("\(name).txt", Data("a".utf8))
        await #expect { try await prune(fixture.options()) } throws: {
            ($0 as? SelfPrunerError)?.code == .textTooShort && "\($0)".contains("\(name).txt")
        }
        try FileManager.default.removeItem(atPath: fixture.folder("\(name).txt"))
        await #expect { try await prune(fixture.options()) } throws: {
            ($0 as? SelfPrunerError)?.code == .textNotFound && "\($0)".contains("\(name).txt")
        }
    }
}
