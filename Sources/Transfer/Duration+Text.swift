import Foundation

extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// For a sentence: `0.5 s`, `120 s`.
    package var text: String { String(format: "%.4g s", seconds) }
}
