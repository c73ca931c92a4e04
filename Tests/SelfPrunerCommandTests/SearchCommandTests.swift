import Foundation
import TestSupport
import Testing

struct SearchCommandTests {
    private let fixture: CommandFixture

    init() throws { fixture = try CommandFixture(isProposer: true) }

    @Test func `a run can be searched, looked at, extended and used`() async throws {
        let first = try await Program.run(fixture.search() + ["--json"])
        #expect(first.status == 0, "\(first.error)")
        #expect(try first.json()["evaluated"] as? Int == 12)
        #expect(try fixture.folder.contents("run") == ["journal.jsonl", "lock", "run.json"])

        let status = try await Program.run(["search", "--run", fixture.folder("run"), "--status", "--json"])
        #expect(status.status == 0, "\(status.error)")
        let shown = try #require(try status.json()["report"] as? [String: Any])
        #expect(shown["bestFitness"] as? Double == (try first.json()["bestFitness"] as? Double))
        let words = try await Program.run(["search", "--run", fixture.folder("run"), "--status"])
        #expect(words.output.contains("12 of 12 candidates"))

        // The model and all settings are those of the run.
        let extended = try await Program.run([
            "search", "--run", fixture.folder("run"), "--candidates", "20", "--json",
        ])
        #expect(extended.status == 0, "\(extended.error)")
        #expect(try extended.json()["evaluated"] as? Int == 20)

        let pruned = try await Program.run(
            fixture.prune(candidates: 20) + [
                "--run", fixture.folder("run"), "--population", "8", "--generation", "6", "--json",
            ])
        #expect(pruned.status == 0, "\(pruned.error)")
        let search = try #require(try pruned.json()["search"] as? [String: Any])
        #expect(search["bestFitness"] as? Double == (try extended.json()["bestFitness"] as? Double))
        #expect(search["evaluated"] as? Int == 20)
        #expect(try fixture.folder.contents("run").contains("journal.jsonl"))
    }

    @Test func `what is otherwise than a run was left is said`() async throws {
        #expect(try await Program.run(fixture.search()).status == 0)
        let journal = try fixture.folder.data("run/journal.jsonl")
        try fixture.folder.write("run/journal.jsonl", journal.dropLast(5))
        let lines = journal.split(separator: UInt8(ascii: "\n")).count
        let extended = try await Program.run(["search", "--run", fixture.folder("run"), "--candidates", "20"])
        #expect(extended.status == 0, "\(extended.error)")
        #expect(extended.error.contains("text=candidates: 20, before 12"))
        #expect(extended.error.contains("text=the journal's last line, \(lines), was incomplete and is dropped"))
        let again = try await Program.run(["search", "--run", fixture.folder("run")])
        #expect(again.status == 0 && !again.error.contains("event=message"))
    }

    @Test func `the model proposes, and the report shows what became of it`() async throws {
        let outcome = try await Program.run(fixture.prune(candidates: 40) + ["--proposer", "self", "--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let search = try #require(try outcome.json()["search"] as? [String: Any])
        let operators = try #require(search["operators"] as? [[String: Any]])
        let names = Set(operators.compactMap { $0["name"] as? String })
        #expect(names.isSuperset(of: ["self.generate", "self.crossover", "self.mutate"]), "\(names)")
        let own = operators.filter { ($0["name"] as? String)?.hasPrefix("self.") == true }
        #expect(own.reduce(0) { $0 + (($1["evaluated"] as? Int) ?? 0) } > 0)
        #expect(own.contains { $0["agreement"] != nil })
        let markdown = String(decoding: try fixture.folder.data("smaller/report.md"), as: UTF8.self)
        #expect(markdown.contains("self.crossover"))
        #expect(markdown.contains("rejected"))
    }

    @Test func `a run keeps its settings`() async throws {
        #expect(try await Program.run(fixture.search()).status == 0)
        for change in [
            ["--seed", "3"], ["--proposer", "evolution"], ["--rate", "0.5"], ["--rungs", "64"], ["--ridge", "5"],
            ["--vocabulary-share", "0"], ["--evaluation-text", "nowhere"], ["--precision", "float32"],
        ] {
            let outcome = try await Program.run(["search", "--run", fixture.folder("run")] + change)
            #expect(outcome.status == 64)
            #expect(outcome.error.contains(change[0]))
        }
    }

    /// What attentions are cut by decides what levels mean.
    @Test func `groups in place of query heads are another run`() async throws {
        let groups = ["--attention-units", "groups"]
        let first = try await Program.run(fixture.search() + groups + ["--json"])
        #expect(first.status == 0, "\(first.error)")
        let other = try await Program.run(fixture.search())
        #expect(other.status == 1)
        #expect(other.errorLines.count { $0.hasPrefix("selfpruner:") } == 1)
        #expect(other.error.contains("attentionUnits"))
        let named = try await Program.run(["search", "--run", fixture.folder("run")] + groups)
        #expect(named.status == 64)
        #expect(named.error.contains("--attention-units"))
        // The same settings, and without any, go on.
        #expect(try await Program.run(fixture.search(candidates: 18) + groups).status == 0)
        #expect(
            try await Program.run(["search", "--run", fixture.folder("run"), "--candidates", "24"]).status == 0)
        let pruned = try await Program.run(
            fixture.prune(candidates: 24) + groups + [
                "--run", fixture.folder("run"), "--population", "8", "--generation", "6", "--json",
            ])
        #expect(pruned.status == 0, "\(pruned.error)")
        let report = try pruned.json()
        #expect((report["settings"] as? [String: Any])?["attentionUnits"] as? String == "groups")
        try expectDocumented(report, maps: ["elementTypes", "seconds"])
    }

    /// Prompts decide what a model proposes.
    @Test func `other prompts are another run`() async throws {
        try fixture.folder.write("prompts/self-generate.txt", Data("next:".utf8))
        #expect(try await Program.run(fixture.search() + ["--prompts", fixture.folder("prompts")]).status == 0)
        try fixture.folder.write("prompts/self-generate.txt", Data("better one:".utf8))
        let outcome = try await Program.run(fixture.search() + ["--prompts", fixture.folder("prompts")])
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("prompts"))
    }

    @Test func `another run in the folder is refused with what differs`() async throws {
        #expect(try await Program.run(fixture.search()).status == 0)
        let outcome = try await Program.run(fixture.search() + ["--seed", "9"])
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count { $0.hasPrefix("selfpruner:") } == 1)
        #expect(outcome.error.contains("seed"))
    }

    @Test func `a second process on a run is refused with a sentence`() async throws {
        let long = fixture.search(candidates: 100_000, proposer: "evolution") + ["--channel-step", "1"]
        async let first = Program.run(long, killingAfter: .seconds(110), orWhenThereIs: fixture.folder("enough"))
        var second: Program.Outcome?
        for _ in 0..<10_000 where second == nil {
            let journal = (try? fixture.folder.data("run/journal.jsonl")) ?? Data()
            if journal.count > 2000 { second = try await Program.run(long) }
            try await Task.sleep(for: .milliseconds(10))
        }
        let outcome = try #require(second)
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("selfpruner: "))
        #expect(outcome.error.contains(fixture.folder("run")))
        // Looking is allowed.
        #expect(try await Program.run(["search", "--run", fixture.folder("run"), "--status"]).status == 0)
        try fixture.folder.write("enough", Data())
        #expect(try await !first.exited)
    }

    @Test(arguments: [
        ["search", "--run", "nowhere", "--status"], ["search", "--run", "nowhere"],
    ])
    func `a run that is not there is one line`(_ arguments: [String]) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.error.hasPrefix("selfpruner: There is no run in this folder"))
    }

    @Test func `the paper's search`() async throws {
        let paper = fixture.search(candidates: 40, proposer: "self") + ["--mode", "paper", "--json"]
        let outcome = try await Program.run(paper.filter { $0 != "64,128" && $0 != "--rungs" } + ["--rungs", "128"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let names = (try outcome.json()["operators"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        #expect(names.contains("self.generate"))
        #expect(!names.contains { $0.hasPrefix("seeds.") })
        let run = String(decoding: try fixture.folder.data("run/run.json"), as: UTF8.self)
        for word in ["\"layer\"", "\"wanda-sp\"", "\"perplexity\"", "0.9"] { #expect(run.contains(word)) }
    }

    @Test func `proposers compared`() async throws {
        let outcome = try await Program.run(fixture.compare("evolution,uniform,self") + ["--json"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let runs = try #require(try outcome.json()["runs"] as? [[String: Any]])
        #expect(
            runs.compactMap { $0["proposer"] as? String } == [
                "evolution", "evolution", "uniform", "uniform", "self", "self",
            ])
        let contents = try fixture.folder.contents("comparison")
        #expect(Set(["comparison.json", "comparison.md", "curves.csv", "curves.svg"]).isSubset(of: Set(contents)))
        let curves = String(decoding: try fixture.folder.data("comparison/curves.csv"), as: UTF8.self)
        #expect(curves.hasPrefix("proposer,seed,candidate,best"))
        // Nothing is done twice.
        let again = try await Program.run(fixture.compare("evolution,uniform,self"))
        #expect(again.status == 0)
        #expect(!again.error.contains("event=best"))
        for name in ["evolution", "uniform", "self"] { #expect(again.output.contains(name)) }
    }

    @Test(arguments: [
        (["--attention-units", "halves"], "--attention-units"), (["--rungs", "64,x"], "--rungs"),
        (["--proposer", "magic"], "--proposer"), (["--memory", "lots"], "--memory"),
        (["--endpoint", "http://127.0.0.1:1"], "--chat-model"), (["--time", "1e30"], "--time"),
        (["--chat-model", "local"], "--endpoint"), (["--concurrency", "2"], "--endpoint"),
    ])
    func `arguments that make no sense`(_ arguments: [String], _ named: String) async throws {
        let outcome = try await Program.run(fixture.search() + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.error.contains(named))
    }

    @Test func `options of other commands and methods`() async throws {
        for (arguments, named) in [
            (fixture.compare("evolution") + ["--seed", "1"], "--seeds"),
            (fixture.prune() + ["--method", "flap", "--refit", "auto"], "--method nested"),
            (fixture.prune() + ["--tasks", "piqa", "--samples", "x"], "--samples"),
        ] {
            let outcome = try await Program.run(arguments)
            #expect(outcome.status == 64)
            #expect(outcome.error.contains(named))
        }
    }

    @Test(arguments: [
        (["--memory", "1MB"], "memory"), (["--proposer", "chat"], "endpoint"), (["--rungs", "64,100000"], "fitness"),
        (["--prompts", "/nowhere"], "/nowhere"), (["--promote", "2"], "share"),
        (["--promote", "0.5,0.5"], "--promote"), (["--candidates", "0"], "--candidates"),
        (["--proposer", "chat", "--replay", "/nowhere/exchanges.jsonl"], "/nowhere"),
        (["--candidates", "9223372036854775807"], "candidates"),
        (["--population", "9223372036854775807"], "population"),
        (["--generation", "9223372036854775807"], "generation"), (["--rungs", "9223372036854775807"], "rungs"),
        (["--rungs", "128,64"], "rungs"), (["--mode", "paper", "--rate", "0.05"], "bounds"),
    ])
    func `settings that cannot be met are one line`(_ arguments: [String], _ named: String) async throws {
        let outcome = try await Program.run(fixture.search() + arguments)
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("selfpruner: "))
        #expect(outcome.error.contains(named), "\(outcome.error)")
        #expect(!(try fixture.folder.contents().contains("run")))
    }

    /// Nobody listens: evolution goes on, on budget, and the report says so.
    @Test func `a dead endpoint leaves the search to evolution`() async throws {
        let outcome = try await Program.run(
            fixture.search(candidates: 24, proposer: "chat") + [
                "--endpoint", "http://127.0.0.1:9", "--chat-model", "none", "--json",
            ], environment: ["SELFPRUNER_CHAT_KEY": "very-secret-key"])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        #expect(report["evaluated"] as? Int == 24)
        let rejections = try #require(report["rejections"] as? [[String: Any]])
        let reasons = Set(rejections.compactMap { $0["reason"] as? String })
        #expect(reasons.isSubset(of: ["noReply", "endpointDown"]) && !reasons.isEmpty)
        for name in try fixture.folder.contents("run") {
            let text = String(decoding: try fixture.folder.data("run/\(name)"), as: UTF8.self)
            #expect(!text.contains("very-secret-key"))
        }
        #expect(!(outcome.output + outcome.error).contains("very-secret-key"))
    }
}
