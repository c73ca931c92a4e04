import RealModule

/// The vector width of the elementwise kernels: one AVX-512 register, two AVX, four NEON.
package typealias Lanes = SIMD16<Float>

@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func store(_ value: Lanes, _ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Lanes.self)
}

// bfloat16 is the upper half of a float32. The halves are picked and put back by shuffles; integer conversions between
// vector types would be scalarised.

@inline(__always)
func load(_ pointer: UnsafePointer<UInt16>) -> Lanes {
    let halves = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<UInt16>.self)
    var wide = SIMD32<UInt16>(repeating: 0)
    wide.oddHalf = halves
    return unsafeBitCast(wide, to: Lanes.self)
}

/// Rounds to nearest, ties to even. NaN stays NaN.
@inline(__always)
func store(_ value: Lanes, _ pointer: UnsafeMutablePointer<UInt16>) {
    let bits = unsafeBitCast(value, to: SIMD16<UInt32>.self)
    let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
    let quiet = bits | 0x0040_0000
    let chosen = rounded.replacing(with: quiet, where: value .!= value)
    let halves = unsafeBitCast(chosen, to: SIMD32<UInt16>.self).oddHalf
    UnsafeMutableRawPointer(pointer).storeBytes(of: halves, as: SIMD16<UInt16>.self)
}

@inline(__always)
func fma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
    // Relaxed.multiplyAdd is scalar; over vectors the compiler may contract this form.
    var result = Lanes()
    for lane in 0..<Lanes.scalarCount { result[lane] = Relaxed.multiplyAdd(a[lane], b[lane], c[lane]) }
    return result
}

/// 2^x for x ≤ 127, relative error below 2e-7; 0 below −126.
///
/// Cephes-style: x = n + f with |f| ≤ ½ by the rounding trick (a `.rounded()` would be a library call), 2^f by a
/// minimax polynomial of degree 6, the exponent by bit casts.
@inline(__always)
package func exp2(_ x: Lanes) -> Lanes {
    let clamped = x.replacing(with: -126, where: x .< -126)
    let magic = Lanes(repeating: 12_582_912)
    let shifted = clamped + magic
    let f = clamped - (shifted - magic)
    var p = Lanes(repeating: 1.535_336_188_319_500e-4)
    p = fma(p, f, Lanes(repeating: 1.339_887_440_266_574e-3))
    p = fma(p, f, Lanes(repeating: 9.618_437_357_674_640e-3))
    p = fma(p, f, Lanes(repeating: 5.550_332_471_162_809e-2))
    p = fma(p, f, Lanes(repeating: 2.402_264_791_363_012e-1))
    p = fma(p, f, Lanes(repeating: 6.931_472_028_550_421e-1))
    p = fma(p, f, Lanes(repeating: 1))
    // The integer n sits in the low mantissa bits of `shifted`; moved into the exponent it scales p.
    let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &<< 23
    let scaled = unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: Lanes.self)
    return scaled.replacing(with: 0, where: x .< -126)
}

package let log2e: Float = 1.442_695_04

/// Sum of the lanes by halving, the same order whatever the machine.
@inline(__always)
func sum(_ v: Lanes) -> Float {
    let eight = v.lowHalf + v.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
}
