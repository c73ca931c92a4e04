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
}
