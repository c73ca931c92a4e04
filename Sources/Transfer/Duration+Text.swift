import Foundation

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// For a sentence: `0.5 s`, `120 s`.
    package var text: String {
        // `%g` would write a day as 8.64e+04.
        String(format: seconds < 100 ? "%.4g s" : "%.0f s", seconds)
    }
}
