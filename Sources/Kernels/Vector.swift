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

// bfloat16 is the upper half of a float32. The halves are picked and put back lane by lane, which the compiler makes one
// instruction of; the standard library's `oddHalf` and `truncatingIfNeeded` become calls in the middle of a hot loop.

@inline(__always)
private func upperHalves(_ v: SIMD32<UInt16>) -> SIMD16<UInt16> {
    SIMD16(
        v[1], v[3], v[5], v[7], v[9], v[11], v[13], v[15], v[17], v[19], v[21], v[23], v[25], v[27], v[29], v[31])
}

@inline(__always)
private func widened(_ v: SIMD16<UInt16>) -> SIMD16<UInt32> {
    SIMD16(
        UInt32(v[0]), UInt32(v[1]), UInt32(v[2]), UInt32(v[3]), UInt32(v[4]), UInt32(v[5]), UInt32(v[6]),
        UInt32(v[7]), UInt32(v[8]), UInt32(v[9]), UInt32(v[10]), UInt32(v[11]), UInt32(v[12]), UInt32(v[13]),
        UInt32(v[14]), UInt32(v[15]))
}

@inline(__always)
func load(_ pointer: UnsafePointer<UInt16>) -> Lanes {
    let halves = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<UInt16>.self)
    let wide = widened(halves) &<< 16
    return unsafeBitCast(wide, to: Lanes.self)
}

/// Rounds to nearest, ties to even. NaN stays NaN.
@inline(__always)
func store(_ value: Lanes, _ pointer: UnsafeMutablePointer<UInt16>) {
    let bits = unsafeBitCast(value, to: SIMD16<UInt32>.self)
    let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
    let quiet = bits | 0x0040_0000
    let chosen = rounded.replacing(with: quiet, where: value .!= value)
    let halves = upperHalves(unsafeBitCast(chosen, to: SIMD32<UInt16>.self))
    UnsafeMutableRawPointer(pointer).storeBytes(of: halves, as: SIMD16<UInt16>.self)
}

@inline(__always)
func fma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
    // Relaxed.multiplyAdd is scalar; over vectors the compiler may contract this form.
    var result = Lanes()
    for lane in 0..<Lanes.scalarCount { result[lane] = Relaxed.multiplyAdd(a[lane], b[lane], c[lane]) }
    return result
}

/// 2^x for x ≤ 127, relative error below 2e-7; below −126 it stays at 2^−126.
///
/// Cephes-style: x = n + f with |f| ≤ ½ by the rounding trick (a `.rounded()` would be a library call), 2^f by a
/// minimax polynomial of degree 6, the exponent by bit casts.
@inline(__always)
package func exp2(_ x: Lanes) -> Lanes {
    let floor = Lanes(repeating: -126)
    let clamped = floor.replacing(with: x, where: x .> floor)
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
    return unsafeBitCast(unsafeBitCast(p, to: SIMD16<UInt32>.self) &+ exponent, to: Lanes.self)
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
