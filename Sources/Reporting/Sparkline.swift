import Foundation

/// A row of bars as high as the values of a series, for one line of text: `▇▅▄▃▃▂▂▁▁`.
package enum Sparkline {
    /// How a value becomes a height.
    package enum Scale: Hashable, Sendable {
        case linear
        /// Equal ratios are equal heights. Values of zero and below are drawn as the lowest bar.
        case logarithmic
    }

    private static let bars = Array("▁▂▃▄▅▆▇█")
    private static let asciiBars = Array(" .:-=+*#")

    /// The series in at most `width` columns, one for each value if they fit.
    ///
    /// A longer series is resampled: each column shows the smallest of its values, so that a best-so-far curve, where
    /// less is better, never looks worse than it is. Infinities and NaN are left out beforehand. The smallest column is
    /// the lowest bar and the largest the highest; if all are the same, all are of middle height. Empty if nothing is
    /// left to show.
    ///
    /// - Parameter isUnicode: Use block elements; otherwise ASCII characters of growing ink, the lowest a space.
    package static func text(values: [Double], width: Int, isUnicode: Bool, scale: Scale = .linear) -> String {
        let finite = values.filter(\.isFinite)
        guard width > 0, !finite.isEmpty else { return "" }
        let cells = resampled(finite, to: width)
        let heights = heights(of: cells, scale)
        let bars = isUnicode ? bars : asciiBars
        guard let low = heights.min(), let high = heights.max(), high / 2 - low / 2 > 0 else {
            return String(repeating: bars[bars.count / 2 - 1], count: heights.count)
        }
        let top = bars.count - 1
        return String(
            heights.map { height in
                // Halves, because the difference of two finite numbers need not be finite.
                let fraction = (height / 2 - low / 2) / (high / 2 - low / 2)
                return bars[min(max(Int((fraction * Double(top)).rounded()), 0), top)]
            })
    }

    /// The minimum of each of at most `width` runs of nearly equal length.
    private static func resampled(_ values: [Double], to width: Int) -> [Double] {
        guard values.count > width else { return values }
        let length = Double(values.count) / Double(width)
        return (0..<width).map { cell in
            let start = min(Int(Double(cell) * length), values.count - 1)
            let end = cell == width - 1 ? values.count : min(Int(Double(cell + 1) * length), values.count)
            return values[start..<max(end, start + 1)].min() ?? values[start]
        }
    }

    private static func heights(of values: [Double], _ scale: Scale) -> [Double] {
        guard scale == .logarithmic else { return values }
        guard let lowest = values.filter({ $0 > 0 }).min() else { return values.map { _ in 0 } }
        return values.map { log(max($0, lowest)) }
    }
}
