import Foundation
import TestSupport
import Testing

/// `kill -9` at random instants, then the same command.
struct KillTests {
    /// Ten kills for each proposer.
    @Test(arguments: ["evolution", "self", "adaptive"])
    func `a killed run ends as an uninterrupted one`(_ proposer: String) async throws {
        let fixture = try CommandFixture(isProposer: true)
        let whole = try await Program.run(fixture.search("whole", candidates: 60, proposer: proposer) + ["--json"])
        #expect(whole.status == 0, "\(whole.error)")

        var generator = SystemRandomNumberGenerator()
        var killed = 0
        for number in 0..<10 {
            let run = fixture.search("killed-\(number)", candidates: 60, proposer: proposer)
            let instant = whole.duration * Double.random(in: 0...1, using: &generator)
            if try await !Program.run(run, killingAfter: instant).exited { killed += 1 }
            let continued = try await Program.run(run + ["--json"])
            #expect(continued.status == 0, "\(continued.error)")
            #expect(try Program.result(of: continued) == Program.result(of: whole))
        }
        #expect(killed > 0)
    }

    /// The whole of it, with the model that it writes.
    @Test func `a killed pruning writes the same model`() async throws {
        let (fixture, other) = (try CommandFixture(), try CommandFixture())
        let whole = try await Program.run(fixture.prune(candidates: 60))
        #expect(whole.status == 0, "\(whole.error)")
        var kills = 0
        for part in [0.5, 0.7, 0.9] {
            if try await !Program.run(other.prune(candidates: 60), killingAfter: whole.duration * part).exited {
                kills += 1
            }
            if try other.folder.contents().contains("smaller") { break }
        }
        #expect(kills > 0)
        if try !other.folder.contents().contains("smaller") {
            let last = try await Program.run(other.prune(candidates: 60))
            #expect(last.status == 0, "\(last.error)")
        }
        #expect(
            try fixture.folder.data("smaller/model.safetensors") == other.folder.data("smaller/model.safetensors"))
    }

    /// The same number of threads, the same model.
    @Test func `three threads give the same model each time`() async throws {
        var models: [Data] = []
        var losses: [Double] = []
        for threads in ["3", "3", "1"] {
            let fixture = try CommandFixture()
            let command = fixture.prune(candidates: 24).dropLast() + [threads]
            let outcome = try await Program.run(Array(command) + ["--precision", "float32", "--json"])
            #expect(outcome.status == 0, "\(outcome.error)")
            models.append(try fixture.folder.data("smaller/model.safetensors"))
            let after = try #require(try outcome.json()["after"] as? [String: Any])
            losses.append(try #require(after["negativeLogLikelihood"] as? Double))
        }
        #expect(models[0] == models[1])
        // Sums of other parts may choose other levels: a model as good, not the same.
        #expect(abs(losses[2] - losses[0]) < 0.05 * losses[0], "\(losses)")
    }
}
