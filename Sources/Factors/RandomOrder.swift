import Calibration
import Models

/// A permutation drawn by a seed.
///
/// Units are sorted by a hash (the finaliser of SplitMix64) of the seed, the projection's first row and the unit, so
/// that one seed gives every sublayer an order of its own, the same on every machine.
package struct RandomOrder: UnitOrder {
    private let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    package func order(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Int] {
        let start = projection.weights.prefix(projection.columns).reduce(Self.mix(seed)) {
            Self.mix($0 ^ UInt64($1.bitPattern))
        }
        let keys = (0..<projection.units).map { Self.mix(start &+ UInt64($0) &* 0x9E37_79B9_7F4A_7C15) }
        return keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var bits = SplitMix64(seed: value)
        return bits.next()
    }
}
