import Foundation
import TestSupport
import Testing

/// `evaluate --tasks` from the command line to its table, with a few made-up questions of each task.
struct TaskCommandTests {
    private let fixture: CommandFixture
    private let data: String

    private static let names = ["boolq", "piqa", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa"]

    /// Three questions of each task, as its file has them.
    private static func lines(_ task: String) -> [String] {
        [("cat", "mat", 0), ("bird", "field", 1), ("snow", "winter", 0)].map { thing, place, gold in
            switch task {
            case "boolq":
                #"{"question": "is the \#(thing) on a \#(place)", "answer": \#(gold == 1), "passage": "The \#(thing) sat."}"#
            case "piqa":
                #"{"goal": "find a \#(thing)", "sol1": "go to the \#(place)", "sol2": "sing over it", "label": \#(gold)}"#
            case "hellaswag":
                #"{"activity_label": "Find", "ctx_a": "A \#(thing) sat.", "ctx_b": "then it", "endings": ["sat [step] again", "went", "\#(place)", "sat in snow"], "label": "\#(gold)"}"#
            case "winogrande":
                #"{"sentence": "the \#(thing) and the \#(place) were near, but the _ went", "option1": "\#(thing)", "option2": "\#(place)", "answer": "\#(gold + 1)"}"#
            case "openbookqa":
                #"{"question_stem": "the \#(thing) is", "choices": {"text": ["on a \#(place)", "water"], "label": ["A", "B"]}, "answerKey": "\#(gold == 0 ? "A" : "B")"}"#
            default:
                #"{"question": "Where is the \#(thing)?", "choices": {"text": ["on a \#(place)", "in water", "over it"], "label": ["1", "2", "3"]}, "answerKey": "\#(gold + 1)"}"#
            }
        }
    }

    private static func file(_ task: String, _ split: String = "validation") -> String {
        "\(task == "winogrande" ? "winogrande_xl" : task)_\(split).jsonl"
    }

    init() throws {
        fixture = try CommandFixture()
        data = fixture.folder("data")
        for name in Self.names { try write(name, Self.lines(name)) }
    }

    @discardableResult
    private func write(_ task: String, _ lines: [String], split: String = "validation") throws -> String {
        try fixture.folder.write(
            "data/\(Self.file(task, split))", Data((lines.joined(separator: "\n") + "\n").utf8))
    }

    private func arguments(_ tasks: String, _ more: [String] = []) -> [String] {
        ["evaluate", fixture.model, "--tasks", tasks, "--task-data", data, "--threads", "1"] + more
    }

    private func report(_ arguments: [String]) async throws -> [String: Any] {
        let outcome = try await Program.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        return try outcome.json()
    }

    private func expectError(
        _ arguments: [String], _ words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.exited && outcome.status == 1, "\(outcome.error)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(outcome.errorLines.count == 1, "\(outcome.error)", sourceLocation: sourceLocation)
        for word in words {
            #expect(outcome.error.contains(word), "\(word): \(outcome.error)", sourceLocation: sourceLocation)
        }
    }

    @Test func `all seven tasks, as JSON`() async throws {
        let report = try await self.report(arguments("all"))
        #expect(report.keys.sorted() == ["model", "tasks"])
        let tasks = try #require(report["tasks"] as? [String: Any])
        #expect(
            tasks.keys.sorted() == [
                "meanAccuracy", "meanAccuracyStandardError", "meanPreferredAccuracy",
                "meanPreferredAccuracyStandardError", "peakMemoryBytes", "protocol", "seconds", "tasks", "threads",
                "tokensPerSecond", "tokensRun", "tokensScored", "weightBytes",
            ])
        let each = try #require(tasks["tasks"] as? [[String: Any]])
        #expect(each.compactMap { $0["task"] as? String } == Self.names)
        var sum = 0.0
        for task in each {
            let name = task["task"] as? String ?? ""
            let hasNormalized = name != "boolq" && name != "winogrande"
            #expect(task["questions"] as? Int == 3)
            #expect((task["normalizedAccuracy"] != nil) == hasNormalized, "\(name)")
            let accuracy = try #require(task["accuracy"] as? Double)
            #expect([0, 1.0 / 3, 2.0 / 3, 1].contains { abs($0 - accuracy) < 1e-12 })
            // The standard deviation of zeros and ones over three questions.
            let error = try #require(task["accuracyStandardError"] as? Double)
            #expect(abs(error - (accuracy * (1 - accuracy) / 2).squareRoot()) < 1e-12)
            sum += accuracy
        }
        #expect(abs((tasks["meanAccuracy"] as? Double ?? -1) - sum / 7) < 1e-12)
        let settings = try #require(tasks["protocol"] as? [String: Any])
        #expect(settings.keys.sorted() == ["contextLength", "precision", "shots", "specialTokens"])
    }

    @Test func `a table`() async throws {
        let outcome = try await Program.run(arguments("piqa,boolq", ["--limit", "2"]))
        #expect(outcome.status == 0 && outcome.error.isEmpty)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, word) in zip(lines, ["task", "──", "piqa", "boolq", "──", "mean of 2"]) {
            #expect(line.hasPrefix(word), "\(outcome.output)")
        }
        // All cells of a column end in the same place.
        #expect(Set(lines.prefix(6).map(\.count)).count == 1, "\(outcome.output)")
        #expect(outcome.output.contains("acc_norm takes acc of boolq"))
        #expect(outcome.output.contains("the first 2 questions of each task, no examples"))
        // No task has the other accuracy, so neither has their mean.
        let plain = try await Program.run(arguments("winogrande,boolq", ["--limit", "2"]))
        let mean = try #require(plain.output.split(separator: "\n").first { $0.hasPrefix("mean of 2") })
        #expect(mean.contains("–") && !plain.output.contains("acc_norm takes"))
    }

    @Test func `a text and tasks at once`() async throws {
        let report = try await self.report(fixture.evaluate() + ["--tasks", "arc_easy", "--task-data", data])
        let alone = try await self.report(fixture.evaluate())
        #expect(Set(report.keys) == Set(alone.keys).union(["tasks"]))
        #expect(report["negativeLogLikelihood"] as? Double == alone["negativeLogLikelihood"] as? Double)
        let text = try await Program.run(fixture.evaluate() + ["--tasks", "arc_easy", "--task-data", data])
        for word in ["perplexity", "arc_easy", "acc_norm"] { #expect(text.output.contains(word)) }
    }

    @Test func `samples tell what was found for each question`() async throws {
        let path = fixture.folder("samples.jsonl")
        let report = try await self.report(arguments("hellaswag,boolq", ["--samples", path]))
        let samples = try String(decoding: fixture.folder.data("samples.jsonl"), as: UTF8.self).split(separator: "\n")
            .map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
        #expect(
            samples.compactMap { $0["task"] as? String } == Array(repeating: "hellaswag", count: 3) + [
                "boolq", "boolq", "boolq",
            ])
        #expect(samples.compactMap { $0["document"] as? Int } == [0, 1, 2, 0, 1, 2])
        #expect(samples.compactMap { $0["line"] as? Int } == [1, 2, 3, 1, 2, 3])
        #expect(
            samples[0].keys.sorted() == [
                "chosen", "chosenNormalized", "document", "gold", "greedy", "line", "logLikelihoods", "task", "tokens",
                "truncated",
            ])
        #expect(!samples[3].keys.contains("chosenNormalized"))
        var right = 0
        for sample in samples.prefix(3) {
            let values = try #require(sample["logLikelihoods"] as? [Double])
            #expect(values.count == 4 && values.allSatisfy { $0 < 0 })
            let best = values.indices.max { values[$0] < values[$1] }
            #expect(sample["chosen"] as? Int == best)
            right += best == sample["gold"] as? Int ? 1 : 0
        }
        let tasks = (report["tasks"] as? [String: Any])?["tasks"] as? [[String: Any]]
        #expect(abs((tasks?.first?["accuracy"] as? Double ?? -1) - Double(right) / 3) < 1e-12)
        try await expectError(
            arguments("boolq", ["--samples", fixture.folder("nowhere/samples.jsonl")]), ["nowhere"])
    }

    @Test func `examples come from a file of their own`() async throws {
        try await expectError(
            arguments("boolq", ["--shots", "1"]), ["boolq_train.jsonl", "examples of boolq", "training set"])
        try write("boolq", Self.lines("boolq") + Self.lines("boolq"), split: "train")
        let path = fixture.folder("samples.jsonl")
        func values(_ shots: Int) async throws -> [Double] {
            let outcome = try await Program.run(arguments("boolq", ["--shots", "\(shots)", "--samples", path]))
            #expect(outcome.status == 0, "\(outcome.error)")
            let line = try String(decoding: fixture.folder.data("samples.jsonl"), as: UTF8.self).split(separator: "\n")[
                0]
            let sample = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(sample?["logLikelihoods"] as? [Double])
        }
        let (none, two) = (try await values(0), try await values(2))
        #expect(none != two)
        let again = try await values(2)
        #expect(again == two)
        try await expectError(arguments("boolq", ["--shots", "9"]), ["too few", "10 examples"])
    }

    @Test func `a task of one's own needs no Swift`() async throws {
        try fixture.folder.write(
            "tasks/places.json",
            Data(
                """
                {"name": "places", "version": 1, "kind": "multiple_choice", "file": "places.jsonl", "prompt": "{{thing}} on",
                 "choices": ["a {{place}}", "water"], "gold": "{{right}}", "metrics": ["acc"]}
                """.utf8))
        try fixture.folder.write(
            "data/places.jsonl", Data(#"{"thing": "the cat sat", "place": "mat", "right": 0}"#.utf8))
        let declared = ["--task-declarations", fixture.folder("tasks")]
        let report = try await self.report(arguments("places", declared))
        let tasks = (report["tasks"] as? [String: Any])?["tasks"] as? [[String: Any]]
        #expect(tasks?.first?["task"] as? String == "places" && tasks?.count == 1)
        try await expectError(arguments("places", declared + ["--shots", "1"]), ["places", "fewShotFile"])
        let all = try await Program.run(arguments("all", declared))
        #expect(all.status == 0 && all.output.contains("mean of 8"))
    }

    @Test func `unknown tasks, and files that are missing`() async throws {
        try await expectError(
            arguments("boolq,boolqq"),
            ["'boolqq'", "boolq, piqa, hellaswag, winogrande, arc_easy, arc_challenge, openbookqa"])
        try await expectError(arguments("boolq,"), ["''"])
        try FileManager.default.removeItem(atPath: data + "/piqa_validation.jsonl")
        try await expectError(
            arguments("all"), [data + "/piqa_validation.jsonl", "fetch tasks", "make-task-data", "--task-data"])
        let outcome = try await Program.run(
            ["evaluate", fixture.model, "--tasks", "boolq"],
            environment: ["XDG_CACHE_HOME": fixture.folder("cache"), "SELFPRUNER_TASKS": ""])
        #expect(outcome.status == 1)
        #expect(outcome.error.contains(fixture.folder("cache/self-pruner/tasks/boolq_validation.jsonl")))
    }

    @Test func `the cache folder is where tasks are`() async throws {
        try FileManager.default.createDirectory(
            atPath: fixture.folder("cache/self-pruner"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: data, toPath: fixture.folder("cache/self-pruner/tasks"))
        let outcome = try await Program.run(
            ["evaluate", fixture.model, "--tasks", "winogrande"],
            environment: ["XDG_CACHE_HOME": fixture.folder("cache"), "SELFPRUNER_TASKS": ""])
        #expect(outcome.status == 0, "\(outcome.error)")
    }

    @Test(
        arguments: [
            (#"{"goal": "find", "sol1": "a", "label": 1}"#, "'sol2' is undefined"),
            (#"{"goal": "find", "sol1": "a", "sol2": "b", "label": 2}"#, "The right choice is '2'"),
            (#"{"goal": "find", "sol1": "a", "sol2": "", "label": 1}"#, "Choice 1 is empty"),
            (#"{"goal": "find""#, "not JSON"), ("[]", "no object"),
        ])
    func `bad questions name their line`(_ line: String, _ reason: String) async throws {
        let good = Self.lines("piqa")
        let path = try write("piqa", [good[0], "", line, good[1]])
        try await expectError(arguments("boolq,piqa"), ["selfpruner: \(path), line 3: ", reason])
        try await expectError(arguments("piqa", ["--json"]), ["line 3"])
        // Lines that are not looked at may hold anything.
        #expect(try await Program.run(arguments("piqa", ["--limit", "1"])).status == 0)
    }

    @Test func `lines that are no text`() async throws {
        let good = Data((Self.lines("piqa")[0] + "\n").utf8)
        try fixture.folder.write("data/piqa_validation.jsonl", good + Data([0x7B, 0x22, 0xFF, 0x22, 0x7D, 0x0A]))
        try await expectError(arguments("piqa"), ["piqa_validation.jsonl, line 2: ", "not UTF-8"])
        try fixture.folder.write(
            "data/piqa_validation.jsonl", good + Data(repeating: 0x61, count: 10_000_000) + Data([0x0A]))
        try await expectError(arguments("piqa"), ["piqa_validation.jsonl, line 2: ", "longer than"])
        try fixture.folder.write("data/piqa_validation.jsonl", Data())
        try await expectError(arguments("piqa"), ["nothing to evaluate"])
    }

    @Test func `options that make no sense`() async throws {
        try await expectError(arguments("piqa", ["--limit", "0"]), ["At least 1 question"])
        try await expectError(arguments("piqa", ["--limit=-3"]), ["-3"])
        try await expectError(arguments("piqa", ["--shots=-1"]), ["-1"])
        try await expectError(
            arguments("piqa", ["--task-declarations", fixture.folder("none")]), [fixture.folder("none")])
        for arguments in [
            ["evaluate", fixture.model], ["evaluate", fixture.model, "--limit", "3"],
            fixture.evaluate() + ["--samples", "x"], fixture.evaluate() + ["--shots", "1"],
            arguments("piqa", ["--max-tokens", "64"]), arguments("piqa", ["--against", fixture.model]),
            arguments("piqa", ["--limit", "few"]),
        ] {
            let outcome = try await Program.run(arguments)
            #expect(outcome.status == 64 && outcome.output.isEmpty, "\(arguments)")
        }
    }

    @Test func `every key is documented`() async throws {
        let path = fixture.folder("samples.jsonl")
        try expectDocumented(try await report(arguments("all", ["--limit", "2", "--samples", path])))
        let sample = try #require(fixture.folder.data("samples.jsonl").split(separator: 0x0A).last)
        try expectDocumented(try JSONSerialization.jsonObject(with: sample))
    }
}
