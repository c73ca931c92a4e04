import Foundation
import TestSupport
import Testing

/// `analyze`, `frontier`, and how much `prune` is to cut.
struct AnalyzeCommandTests {
    private let fixture: CommandFixture

    init() throws { fixture = try CommandFixture() }

    private func keys(_ value: Any?) -> [String] { (value as? [String: Any] ?? [:]).keys.sorted() }

    private func first(_ value: Any?) -> Any? { (value as? [Any])?.first }

    @Test func `analyze`() async throws {
        let (json, chart) = (fixture.folder("worth.json"), fixture.folder("worth.svg"))
        let outcome = try await Program.run(fixture.analyze + ["--json", "--output", json, "--chart", chart])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        #expect(Data(outcome.output.utf8) == (try fixture.folder.data("worth.json")))
        #expect(String(decoding: try fixture.folder.data("worth.svg"), as: UTF8.self).contains("without the block"))
        #expect(
            keys(report) == [
                "blocks", "fitness", "interpolation", "kinds", "measured", "method", "model", "order", "pairs",
                "program", "ranking", "seconds", "text", "tokens",
            ])
        #expect(keys(first(report["blocks"])) == ["attention", "index", "loss", "mlp", "parameters"])
        #expect(keys(first(report["pairs"])) == ["interaction", "loss", "parts", "sum"])
        try expectDocumented(report, maps: ["elementTypes", "seconds"])

        let text = try await Program.run(fixture.analyze + ["--attention-units", "groups"])
        #expect(text.status == 0)
        for word in ["attention −1/2", "MLP −75 %", "without it", "rank", " and ", "interpolated", "It took"] {
            #expect(text.output.contains(word), "\(word)")
        }
        #expect(!text.output.contains("\u{1B}"))
    }

    @Test func `analyze by query heads`() async throws {
        let outcome = try await Program.run(fixture.analyze + ["--attention-units", "heads", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        try expectDocumented(report, maps: ["elementTypes", "seconds"])
        let levels = try #require((first(report["blocks"]) as? [String: Any])?["attention"] as? [[String: Any]])
        #expect(keys(levels[0]) == ["loss", "measured", "queryHeads", "rate", "units"])
        #expect(levels.count > 3)
    }

    @Test func `frontier`() async throws {
        let arguments = fixture.frontier("0.2,0.4")
        let outcome = try await Program.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        #expect(Data(outcome.output.utf8) == (try fixture.folder.data("frontier/frontier.json")))
        #expect((report["points"] as? [Any])?.count == 4)
        try expectDocumented(report, maps: ["elementTypes", "seconds"])
        #expect(
            try fixture.folder.contents("frontier") == [
                "frontier.csv", "frontier.json", "frontier.md", "frontier.svg", "rate-0.2", "rate-0.4",
            ])
        // Nothing is searched twice.
        let again = try await Program.run(arguments)
        #expect(again.status == 0)
        #expect(!again.error.contains("event=best"))
        for word in ["20.0 %", "40.0 %", "uniform", "search", "dense"] { #expect(again.output.contains(word)) }
        let same = try await Program.run(arguments + ["--json"])
        func points(_ report: [String: Any]) throws -> Data {
            try JSONSerialization.data(withJSONObject: try #require(report["points"]), options: .sortedKeys)
        }
        #expect(try points(same.json()) == points(report))
    }

    @Test(arguments: [
        (["--target-size", "100kB", "--format", "gguf", "--quantize", "q8_0"], "size"),
        (["--target-parameters", "60k"], "parameters"), (["--max-perplexity-increase", "10%"], "perplexityIncrease"),
        (["--max-perplexity-increase", "0.1"], "perplexityIncrease"),
    ])
    func `how much to prune`(_ amount: [String], _ kind: String) async throws {
        let outcome = try await Program.run(fixture.prune(amount) + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        let target = try #require(report["target"] as? [String: Any])
        #expect(target["kind"] as? String == kind)
        let (asked, reached) = (target["asked"] as? Double ?? 0, target["reached"] as? Double ?? .infinity)
        #expect(reached <= asked)
        try expectDocumented(report, maps: ["elementTypes", "seconds"])
        let text = try await Program.run(fixture.prune(amount) + ["--overwrite"])
        #expect(text.output.contains("Asked for at most"), "\(text.error)")
    }

    @Test func `exactly one amount is given`() async throws {
        let none = try await Program.run(fixture.prune([]))
        let two = try await Program.run(fixture.prune(["--rate", "0.3", "--target-parameters", "60k"]))
        for outcome in [none, two] {
            #expect(outcome.status == 64)
            for name in ["--rate", "--target-size", "--target-parameters", "--max-perplexity-increase"] {
                #expect(outcome.error.contains(name))
            }
        }
    }

    @Test(arguments: [
        ["--target-size", "small"], ["--target-size", "-1"], ["--target-parameters", "1T"],
        ["--target-parameters", "0"], ["--max-perplexity-increase", "5"], ["--max-perplexity-increase", "-5%"],
        ["--max-perplexity-increase", "nan"],
    ])
    func `amounts that make no sense`(_ amount: [String]) async throws {
        let outcome = try await Program.run(fixture.prune(["\(amount[0])=\(amount[1])"]))
        #expect(outcome.status == 64)
        #expect(outcome.error.contains(amount[0]))
    }

    @Test(arguments: [["--target-size", "1kB"], ["--target-size", "1GB"], ["--target-parameters", "1B"]])
    func `amounts that cannot be met are one line`(_ amount: [String]) async throws {
        let outcome = try await Program.run(fixture.prune(amount))
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(try fixture.folder.contents() == fixture.inputs)
    }
}
