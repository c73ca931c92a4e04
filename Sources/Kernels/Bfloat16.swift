/// bfloat16 as the upper half of a float32.
package enum Bfloat16 {
    /// Rounded to nearest, ties to even; NaN stays NaN.
    @inline(__always)
    package static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: (bits | 0x0040_0000) >> 16) }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }

    @inline(__always)
    package static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    package static func encode(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutablePointer<UInt16>
    ) {
        var index = 0
        while index + 16 <= count {
            store(load(source + index), destination + index)
            index += 16
        }
        while index < count {
            destination[index] = bits(source[index])
            index += 1
        }
    }

    package static func decode(
        _ source: UnsafePointer<UInt16>, count: Int, into destination: UnsafeMutablePointer<Float>
    ) {
        var index = 0
        while index + 16 <= count {
            store(load(source + index), destination + index)
            index += 16
        }
        while index < count {
            destination[index] = float(source[index])
            index += 1
        }
    }
}
