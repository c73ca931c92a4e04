import Kernels
import Models
import Testing

@testable import Gradients

struct BackwardPassTests {
    /// Largest difference from torch's float64 gradients, over all sublayers, in units of the largest gradient.
    private func difference(_ fixture: Fixture, _ precision: Precision) throws -> (Double, [Int32]) {
        let subject = try Subject(fixture, precision)
        let (count, width) = (fixture.tokens.count, subject.model.description.hiddenSize)
        var seen: [Int] = []
        var largest = 0.0
        let targets = try subject.pass(rows: count).run(fixture.tokens, draws: fixture.draws) { sublayer, gradient in
            seen.append(sublayer)
            for index in 0..<count * width {
                let expected = fixture.gradients[sublayer * count * width + index]
                largest = max(largest, Double(abs(gradient[index] - expected)))
            }
        }
        #expect(seen == (0..<subject.model.sublayerCount).reversed())
        #expect(fixture.gradients.count == subject.model.sublayerCount * count * width)
        return (largest / Double(fixture.gradients.map(abs).max() ?? 1), targets)
    }

    @Test(arguments: Fixture.all)
    func gradientsEqualThoseOfTorch(_ fixture: Fixture) throws {
        let (difference, targets) = try difference(fixture, .float32)
        #expect(targets == fixture.targets)
        #expect(difference < 2e-5)
    }

    /// Draws near a token's border fall to its neighbour, which is as good a draw; most do not.
    @Test(.enabled(if: Precision.supported.contains(.bfloat16)), arguments: Fixture.all)
    func aForwardPassInBfloat16DrawsNearlyTheSameTokens(_ fixture: Fixture) throws {
        let (_, targets) = try difference(fixture, .bfloat16)
        #expect(zip(targets, fixture.targets).filter { $0 == $1 }.count >= targets.count * 3 / 4)
    }

    /// Shorter sequences than the pass has room for, one after another, leave nothing behind.
    @Test func passesDoNotDisturbEachOther() throws {
        let fixture = Fixture.all[1]
        let subject = try Subject(fixture)
        let width = subject.model.description.hiddenSize
        func gradients(_ pass: BackwardPass, _ count: Int) throws -> [Float] {
            var result: [Float] = []
            try pass.run(Array(fixture.tokens[..<count]), draws: Array(fixture.draws[..<count])) { _, gradient in
                result += UnsafeBufferPointer(start: gradient, count: count * width)
            }
            return result
        }
        let reused = try subject.pass(rows: 40)
        for count in [40, 7, 23, 1] {
            let (fresh, again) = (try gradients(subject.pass(rows: count), count), try gradients(reused, count))
            // Products of other shapes may sum in another order.
            let scale = fresh.map(abs).max() ?? 0
            #expect(zip(fresh, again).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
        }
    }

    @Test func tokensOutsideTheVocabularyAreRefused() throws {
        let subject = try Subject(Fixture.all[0])
        #expect(throws: ModelError.self) {
            try subject.pass(rows: 8).run([1, 2, 5_000], draws: [0, 0, 0]) { _, _ in }
        }
    }
}
