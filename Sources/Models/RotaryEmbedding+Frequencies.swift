import Checkpoints
import RealModule

extension RotaryEmbedding {
    /// Radians per position of each component pair, headSize/2 of them.
    package func frequencies(headSize: Int) -> [Double] {
        (0..<headSize / 2).map { index in
            let plain = 1 / Double.pow(theta, Double(2 * index) / Double(headSize))
            switch scaling {
            case .none: return plain
            case .linear(let factor): return plain / factor
            case .divisors(let divisors): return index < divisors.count ? plain / Double(divisors[index]) : plain
            case .llama3(let factor, let low, let high, let originalContext):
                return Self.llama3(plain, factor, low, high, Double(originalContext))
            }
        }
    }

    /// Long wavelengths are stretched by `factor`, short ones kept, those between blended (Llama 3.1).
    private static func llama3(
        _ frequency: Double, _ factor: Double, _ low: Double, _ high: Double, _ originalContext: Double
    ) -> Double {
        let wavelength = 2 * Double.pi / frequency
        if wavelength < originalContext / high { return frequency }
        if wavelength > originalContext / low { return frequency / factor }
        let smooth = (originalContext / wavelength - low) / (high - low)
        return (1 - smooth) * frequency / factor + smooth * frequency
    }
}
