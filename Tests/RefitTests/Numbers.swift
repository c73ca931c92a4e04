import Kernels

/// Repeatable numbers around zero.
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func next() -> Float {
        var sum: Float = -6
        for _ in 0..<12 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            sum += Float(state >> 40) * 0x1p-24
        }
        return sum
    }

    mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

/// A·X = B for a small square A, by elimination with row exchanges.
func solved(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    var (a, b) = (a, b)
    for pivot in a.indices {
        let best = (pivot..<a.count).max { abs(a[$0][pivot]) < abs(a[$1][pivot]) }!
        a.swapAt(pivot, best)
        b.swapAt(pivot, best)
        for row in a.indices where row != pivot {
            let factor = a[row][pivot] / a[pivot][pivot]
            for column in a.indices { a[row][column] -= factor * a[pivot][column] }
            for column in b[row].indices { b[row][column] -= factor * b[pivot][column] }
        }
    }
    return a.indices.map { row in b[row].map { $0 / a[row][row] } }
}
