import Foundation
import TestSupport
import Testing

/// `kill -9` at random instants, then the same command.
struct KillTests {
    /// Ten kills for each proposer.
    @Test(arguments: ["evolution", "self", "adaptive"])
    func `a killed run ends as an uninterrupted one`(_ proposer: String) async throws {
        let fixture = try CommandFixture(isProposer: true)
        let start = ContinuousClock.now
        let whole = try await Program.run(fixture.search("whole", candidates: 60, proposer: proposer) + ["--json"])
        let duration = ContinuousClock.now - start
        #expect(whole.status == 0, "\(whole.error)")

        var generator = SystemRandomNumberGenerator()
        var killed = 0
        for _ in 0..<10 {
            let instant = duration * Double.random(in: 0...1, using: &generator)
            let outcome = try await Program.run(
                fixture.search("killed", candidates: 60, proposer: proposer), killingAfter: instant)
            if !outcome.exited { killed += 1 }
        }
        #expect(killed > 0)
        let last = try await Program.run(fixture.search("killed", candidates: 60, proposer: proposer) + ["--json"])
        #expect(last.status == 0, "\(last.error)")
        let (expected, found) = (try whole.json(), try last.json())
        for key in ["evaluated", "bestFitness", "bestSoFar", "evaluatedPerRung", "best"] {
            let (left, right) = (try #require(expected[key]), try #require(found[key]))
            #expect("\(left)" == "\(right)", "\(key) differs")
        }
    }
}
