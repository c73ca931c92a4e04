import RealModule

/// Cosines and sines of the rotary embedding for every position, and their application. arXiv 2104.09864, in the
/// half-split order of Hugging Face: component i turns with component i + headSize/2.
package final class Rotary: Sendable {
    private let cosines: AlignedBuffer  // [positions, headSize/2]
    private let sines: AlignedBuffer
    private let half: Int
    package let positions: Int

    /// - Parameter frequencies: radians per position of each component pair, headSize/2 of them.
    package init(frequencies: [Double], positions: Int) {
        half = frequencies.count
        self.positions = positions
        cosines = AlignedBuffer(floats: positions * half)
        sines = AlignedBuffer(floats: positions * half)
        for position in 0..<positions {
            for (index, frequency) in frequencies.enumerated() {
                // float32 angles, as every reference implementation has them.
                let angle = Double(Float(position) * Float(frequency))
                cosines.floats[position * half + index] = Float(Double.cos(angle))
                sines.floats[position * half + index] = Float(Double.sin(angle))
            }
        }
    }

    /// Rotates `heads` neighbouring heads of each row in place.
    package func apply(
        _ rows: UnsafeMutableRawPointer, count: Int, stride: Int, heads: Int, firstPosition: Int,
        precision: Precision
    ) {
        switch precision {
        case .float32: apply(rows.assumingMemoryBound(to: Float.self), count, stride, heads, firstPosition, 1)
        case .bfloat16: apply(rows.assumingMemoryBound(to: UInt16.self), count, stride, heads, firstPosition, 1)
        }
    }

    /// Takes the rotation back, of float32 rows from position 0 on: what it does to gradients, too.
    package func applyInverse(_ rows: UnsafeMutablePointer<Float>, count: Int, stride: Int, heads: Int) {
        apply(rows, count, stride, heads, 0, -1)
    }

    private func apply<E: Element>(
        _ rows: UnsafeMutablePointer<E>, _ count: Int, _ stride: Int, _ heads: Int, _ firstPosition: Int,
        _ direction: Float
    ) {
        let (half, cosines, sines) = (half, cosines.floats, sines.floats)
        Threads.forEachChunk(count, grain: 16) { range in
            for row in range {
                let cosine = cosines + (firstPosition + row) * half
                let sine = sines + (firstPosition + row) * half
                for head in 0..<heads {
                    Self.rotate(rows + row * stride + head * 2 * half, cosine, sine, half, direction)
                }
            }
        }
    }

    @inline(__always)
    private static func rotate<E: Element>(
        _ x: UnsafeMutablePointer<E>, _ cosine: UnsafePointer<Float>, _ sine: UnsafePointer<Float>, _ half: Int,
        _ direction: Float
    ) {
        var index = 0
        while index &+ 16 <= half {
            let (a, b) = (E.lanes(x + index), E.lanes(x + half + index))
            let (c, s) = (load(cosine + index), load(sine + index) * direction)
            E.set(a * c - b * s, x + index)
            E.set(b * c + a * s, x + half + index)
            index &+= 16
        }
        while index < half {
            let (a, b) = (x[index].float, x[half + index].float)
            let s = sine[index] * direction
            x[index] = E(rounding: a * cosine[index] - b * s)
            x[half + index] = E(rounding: b * cosine[index] + a * s)
            index &+= 1
        }
    }
}
