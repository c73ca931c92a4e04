import Foundation

/// A number of bytes, written with three significant digits in decimal units: `999 B`, `1.23 MB`, `271 MB`.
package struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    package let bytes: Int

    package init(_ bytes: Int) {
        self.bytes = bytes
    }

    package var description: String {
        NumberFormat.scaled(Double(bytes), units: ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
    }
}

/// Numbers as people read them. Nothing here depends on the user's locale.
package enum NumberFormat {
    /// `value` with exactly `decimals` digits after the point; `nan`, `inf` and `-inf` by name.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let text = String(format: "%.*f", max(0, decimals), value)
        // A small negative number that rounds to nothing is nothing.
        return text.hasPrefix("-") && !text.contains { $0 != "-" && $0 != "0" && $0 != "." }
            ? String(text.dropFirst()) : text
    }

    /// A count in thousands, millions or billions with three significant digits: `12.3 M`, `135 M`, `1.10 B`.
    package static func count(_ value: Int) -> String {
        scaled(Double(value), units: ["", "k", "M", "B", "T", "P", "E"])
    }

    /// Every digit, in groups of three: `134,515,008`.
    package static func grouped(_ value: Int) -> String {
        var digits = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0 && index.isMultiple(of: 3) { digits.append(",") }
            digits.append(digit)
        }
        return (value < 0 ? "-" : "") + String(digits.reversed())
    }

    /// A fraction as a percentage: 0.305 is `30.5 %`.
    package static func percent(_ fraction: Double, decimals: Int = 1) -> String {
        fixed(fraction * 100, decimals) + " %"
    }

    /// A duration to two units: `0 ms`, `350 ms`, `12.3 s`, `1m 23s`, `2h 05m`, `3d 4h`.
    package static func duration(_ duration: Duration) -> String {
        let (whole, attoseconds) = duration.components
        guard whole >= 0 && attoseconds >= 0 else { return "-" + self.duration(.zero - duration) }
        let seconds = Double(whole) + Double(attoseconds) * 1e-18
        if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
        if seconds < 59.95 { return fixed(seconds, 1) + " s" }
        let total = Int(attoseconds >= 500_000_000_000_000_000 && whole < Int64.max ? whole + 1 : whole)
        if total < 3600 { return "\(total / 60)m \(twoDigits(total % 60))s" }
        if total < 86400 { return "\(total / 3600)h \(twoDigits(total / 60 % 60))m" }
        return "\(total / 86400)d \(total / 3600 % 24)h"
    }

    /// Speed with three significant digits, `660 tokens/s`; below one a second the time of one, `4.21 s each`.
    package static func rate(_ perSecond: Double, unit: String = "") -> String {
        guard perSecond.isFinite && perSecond > 0 else { return unit.isEmpty ? "0/s" : "0 \(unit)/s" }
        guard perSecond >= 1 else { return "\(significant(1 / perSecond)) s each" }
        return unit.isEmpty ? "\(significant(perSecond))/s" : "\(significant(perSecond)) \(unit)/s"
    }

    /// `value` with three significant digits, or as many as asked for, without an exponent: `0.123`, `1.23`, `1230`.
    package static func significant(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, 0) }
        let digits = min(max(digits, 1), 15)
        var decimals = digits - 1 - Int(log10(abs(value)).rounded(.down))
        // 9.996 has three decimals' worth of digits before rounding and four after.
        if decimals > 0, abs(value) + 0.5 * pow(10, -Double(decimals)) >= pow(10, Double(digits - decimals)) {
            decimals -= 1
        }
        return fixed(value, min(max(decimals, 0), 12))
    }

    static func scaled(_ value: Double, units: [String]) -> String {
        var scaled = abs(value)
        var unit = 0
        while scaled >= 999.5 && unit + 1 < units.count {
            // 999.5 and above are written as 1.00 of the next unit.
            scaled = max(1, scaled / 1000)
            unit += 1
        }
        let number = unit == 0 ? fixed(scaled, 0) : significant(scaled)
        return (value < 0 ? "-" : "") + number + (units[unit].isEmpty ? "" : " " + units[unit])
    }

    private static func twoDigits(_ value: Int) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}
