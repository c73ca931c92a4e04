import Foundation

/// The range of one axis of a chart, with ticks at round values.
struct ChartAxis {
    struct Tick: Hashable {
        let value: Double
        let label: String
    }

    let isLogarithmic: Bool
    /// In the values' unit, whatever the scale.
    let range: ClosedRange<Double>
    let ticks: [Tick]

    /// Values beyond are taken as infinite, so that sums and products of a few stay finite.
    private static let largest = 1e150
    private static let smallest = 1e-150

    /// Whether `value` has a place on such an axis.
    static func canShow(_ value: Double, isLogarithmic: Bool) -> Bool {
        abs(value) <= largest && (!isLogarithmic || value >= smallest)
    }

    /// An axis that holds `values`, which have a place on it; 0…1, or 1…10, if there is none.
    ///
    /// - Parameters:
    ///   - padding: The part of the range that is added at both ends.
    ///   - tickCount: About how many ticks to make.
    init(values: [Double], isLogarithmic: Bool = false, padding: Double = 0, tickCount: Int) {
        self.isLogarithmic = isLogarithmic
        let least = values.min() ?? (isLogarithmic ? 1 : 0)
        let greatest = values.max() ?? (isLogarithmic ? 10 : 1)
        var low = isLogarithmic ? log10(least) : least
        var high = isLogarithmic ? log10(greatest) : greatest
        if high - low <= max(abs(low), abs(high)) * 1e-9 {
            // One value: put it in the middle of something.
            let margin = isLogarithmic ? 0.1 : low == 0 ? 1 : abs(low) * 0.1
            (low, high) = (low - margin, high + margin)
        } else {
            let margin = (high - low) * padding
            (low, high) = (low - margin, high + margin)
        }
        range = isLogarithmic ? pow(10, low)...pow(10, high) : low...high
        ticks =
            isLogarithmic
            ? Self.logarithmicTicks(range, decades: high - low, count: tickCount)
            : Self.linearTicks(range, count: tickCount)
    }

    /// Where `value` is between the ends: 0 at the low one, 1 at the high one, and nowhere beyond.
    func position(_ value: Double) -> Double {
        let position =
            isLogarithmic
            ? (log10(max(value, Self.smallest)) - log10(range.lowerBound))
                / (log10(range.upperBound) - log10(range.lowerBound))
            : (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        return position.isNaN ? 0 : min(max(position, 0), 1)
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    private static func linearTicks(_ range: ClosedRange<Double>, count: Int) -> [Tick] {
        let rough = (range.upperBound - range.lowerBound) / Double(max(count, 1))
        guard rough > 0 && rough.isFinite else { return [] }
        let power = pow(10, log10(rough).rounded(.down))
        // The nearest by ratio; the borders are the roots of 1 · 2, 2 · 5 and 5 · 10.
        let digit = rough / power
        let step = power * (digit < 1.41 ? 1 : digit < 3.16 ? 2 : digit < 7.07 ? 5 : 10)
        guard step > 0 && step.isFinite else { return [] }
        // A range is never narrower than a billionth of its ends, so that the multiples are whole numbers.
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        let values = stride(from: first, through: last, by: 1).prefix(4 * max(count, 1)).map { $0 == 0 ? 0 : $0 * step }
        let largest = max(abs(range.lowerBound), abs(range.upperBound))
        return values.map { Tick(value: $0, label: label($0, step: step, largest: largest)) }
    }

    /// Powers of ten, or between them 2 and 5 times these where they are few; round values if there is no decade.
    private static func logarithmicTicks(_ range: ClosedRange<Double>, decades: Double, count: Int) -> [Tick] {
        let exponents = log10(range.lowerBound).rounded(.down)...log10(range.upperBound).rounded(.up)
        func ticks(_ factors: [Double], every stride: Double) -> [Tick] {
            Swift.stride(from: exponents.lowerBound, through: exponents.upperBound, by: stride).flatMap { exponent in
                factors.map { $0 * pow(10, exponent) }
            }
            .filter { range.contains($0) }
            .map { Tick(value: $0, label: label($0, step: $0, largest: $0)) }
        }
        if decades > 3 { return ticks([1], every: max(1, (decades / Double(max(count, 1))).rounded(.up))) }
        let few = ticks([1, 2, 5], every: 1)
        return few.count >= 3 ? few : linearTicks(range, count: count)
    }

    /// As many digits as tell ticks `step` apart from each other, with an exponent where there would be many zeros.
    private static func label(_ value: Double, step: Double, largest: Double) -> String {
        if largest >= 1e7 || largest < 1e-4 {
            let digits = min(max(Int((log10(largest) - log10(step)).rounded(.down)) + 2, 1), 15)
            return String(format: "%.\(digits)g", value)
        }
        return NumberFormat.fixed(value, max(0, Int(-(log10(step) + 1e-9).rounded(.down))))
    }
}
