import Foundation
import SelfPruner
import Testing

struct RateBisectionTests {
    struct Curve: Sendable {
        var scale: Double
        var power: Double
        /// Relative, by percent, in waves.
        var noise = 0.0

        func loss(_ rate: Double) -> Double {
            scale * pow(rate, power) * (1 + noise * sin(rate * 700))
        }
    }

    private func run(_ limit: Double, _ percents: ClosedRange<Int> = 1...95, _ loss: (Double) -> Double)
        -> RateBisection
    {
        var bisection = RateBisection(limit: limit, percents: percents)
        while let rate = bisection.next {
            #expect(!bisection.steps.contains { $0.rate == rate }, "\(rate) is tried twice")
            #expect(percents.contains(Int((rate * 100).rounded())))
            if bisection.steps.count > 30 { break }
            bisection.add(rate: rate, loss: loss(rate))
        }
        return bisection
    }

    @Test(arguments: [
        Curve(scale: 4, power: 2), Curve(scale: 8, power: 2.5), Curve(scale: 0.7, power: 1), Curve(scale: 30, power: 4),
        Curve(scale: 4, power: 2, noise: 0.1),
    ])
    func `the largest rate that holds is found with few tries`(_ curve: Curve) {
        for limit in [0.01, 0.05, 0.2, 0.5] {
            let bisection = run(limit, 1...95, curve.loss)
            let holding = (1...95).map { Double($0) / 100 }.filter { curve.loss($0) <= limit }
            guard let best = bisection.best else {
                #expect(holding.isEmpty || curve.noise > 0)
                continue
            }
            #expect(curve.loss(best) <= limit)
            if curve.noise == 0 { #expect(best == holding.max()) }
            let isEnd =
                best == 0.95 || bisection.steps.contains { $0.rate > best && $0.rate < best + 0.011 && $0.loss > limit }
            #expect(isEnd)
            #expect(bisection.steps.count <= 9, "\(bisection.steps)")
        }
    }

    @Test func `ends of the range`() {
        #expect(run(1, 1...95) { _ in 0 }.best == 0.95)
        #expect(run(1, 10...40) { _ in -1 }.best == 0.4)
        for loss in [2, Double.infinity, .nan] {
            let bisection = run(1, 1...95) { _ in loss }
            #expect(bisection.best == nil)
            #expect(bisection.steps.last?.rate == 0.01)
            #expect(bisection.steps.count <= 10)
        }
        #expect(run(1, 30...30) { _ in 0.5 }.steps.map(\.rate) == [0.3])
        // A cliff.
        #expect(run(0.1, 1...95) { $0 < 0.625 ? 0.09 : .infinity }.best == 0.62)
        #expect(run(0.1, 1...95) { $0 < 0.035 ? 1e-9 : 50 }.best == 0.03)
    }
}
