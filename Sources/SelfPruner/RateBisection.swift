import Foundation

/// Finds the largest rate, in whole percents, whose loss holds a limit, with few tries: each costs a search.
///
/// Losses rise about as a power of the rate. So the next try is where the power through the largest rate that holds and
/// the smallest that does not meets the limit; every third one is halfway between the two, or twice the largest, which
/// bounds the number of tries. The end is a rate that was tried and holds, with one percent more tried and failed (or
/// out of range).
package struct RateBisection: Sendable {
    package struct Step: Sendable, Equatable {
        package var rate: Double
        package var loss: Double
    }

    package let limit: Double
    package private(set) var steps: [Step] = []
    private let range: ClosedRange<Int>
    /// In percents; outside `range` until a try says otherwise.
    private var held: Int
    private var failed: Int
    private var losses: [Int: Double] = [:]

    private static let start = 25

    /// - Parameters:
    ///   - limit: the greatest loss that holds, above 0.
    ///   - percents: rates that may be tried.
    package init(limit: Double, percents: ClosedRange<Int>) {
        self.limit = limit
        range = percents
        held = percents.lowerBound - 1
        failed = percents.upperBound + 1
    }

    /// The rate to try next; `nil` at the end.
    package var next: Double? {
        guard failed - held > 1 else { return nil }
        let guess = steps.isEmpty ? Double(Self.start) : guess
        let percent = min(max(guess, Double(held + 1)), Double(failed - 1))
        return Double(Int(percent)) / 100
    }

    /// The largest rate that holds, of those tried.
    package var best: Double? { range.contains(held) ? Double(held) / 100 : nil }

    package mutating func add(rate: Double, loss: Double) {
        steps.append(Step(rate: rate, loss: loss))
        let percent = Int((rate * 100).rounded())
        losses[percent] = loss
        if loss <= limit { held = percent } else { failed = percent }
    }

    /// In percents.
    private var guess: Double {
        let middle = Double(max(held, 0) + failed) / 2
        let (low, high) = (usable(held), usable(failed))
        switch (range.contains(held), range.contains(failed)) {
        case (true, false):
            guard let low, !steps.count.isMultiple(of: 3) else { return Double(held) * 2 }
            return Double(held) * (limit / low).squareRoot()
        case (false, true):
            guard let high, !steps.count.isMultiple(of: 3) else { return middle }
            return Double(failed) * (limit / high).squareRoot()
        default:
            guard let low, let high, low < high, !steps.count.isMultiple(of: 3) else { return middle }
            let power = log(high / low) / log(Double(failed) / Double(held))
            return Double(held) * pow(limit / low, 1 / power)
        }
    }

    /// A loss that has a logarithm.
    private func usable(_ percent: Int) -> Double? {
        losses[percent].flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    }
}
