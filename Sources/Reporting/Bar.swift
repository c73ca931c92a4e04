import Foundation

/// A horizontal bar for one cell of a table: `█████▌`.
package enum Bar {
    /// Eighths of a column, from none to all.
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameters:
    ///   - fraction: of `width` columns; what is not between 0 and 1 is brought there, NaN is 0.
    ///   - isUnicode: in eighths of a column; else in whole columns of `#`.
    package static func text(_ fraction: Double, width: Int, isUnicode: Bool) -> String {
        let length = (fraction.isNaN ? 0 : min(max(fraction, 0), 1)) * Double(max(width, 0))
        guard isUnicode else { return String(repeating: "#", count: Int(length.rounded())) }
        let parts = Int((length * 8).rounded())
        return String(repeating: "█", count: parts / 8) + eighths[parts % 8]
    }

    /// Where each value lies between a floor and the greatest, in logarithms: 1 for the greatest, 0 for what is at the
    /// floor or below. The floor is the least positive value or, if that is greater, the greatest over 10 to the power
    /// of `decades`.
    package static func logarithmicFractions(_ values: [Double], decades: Double = 4) -> [Double] {
        let positive = values.filter { $0.isFinite && $0 > 0 }
        guard let greatest = positive.max(), let least = positive.min() else { return values.map { _ in 0 } }
        let floor = max(least / 2, greatest * pow(10, -decades))
        let range = log(greatest / floor)
        return values.map { value in
            guard value > 0, range > 0 else { return 0 }
            return min(max(log(min(value, greatest) / floor) / range, 0), 1)
        }
    }
}
