import Foundation

extension RotaryEmbedding {
    /// Radians per position of each component pair, headSize/2 of them.
    package func frequencies(headSize: Int) -> [Double] {
        (0..<headSize / 2).map { index in
            let plain = 1 / pow(theta, Double(2 * index) / Double(headSize))
            switch scaling {
            case .none: return plain
            case .linear(let factor): return plain / factor
            case .divisors(let divisors): return index < divisors.count ? plain / Double(divisors[index]) : plain
            case .llama3(let factor, let low, let high, let originalContext):
                return Self.llama3(plain, factor, low, high, Double(originalContext))
            }
        }
    }

    /// What each frequency is divided by: the content of GGUF's `rope_freqs.weight`. `nil` without scaling, and with a
    /// linear one, which GGUF states by its factor.
    package func divisors(headSize: Int) -> [Float]? {
        switch scaling {
        case .none, .linear: return nil
        case .divisors(let divisors): return divisors
        case .llama3:
            let plain = RotaryEmbedding(theta: theta).frequencies(headSize: headSize)
            return zip(plain, frequencies(headSize: headSize)).map { Float($0 / $1) }
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
