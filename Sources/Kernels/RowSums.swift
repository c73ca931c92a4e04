/// One vector of sums for each of a fixed number of rows, so that the compiler keeps them all in registers.
protocol RowSums {
    static var rows: Int { get }
    init()
    /// Adds to row r: vector · factors[16 r].
    mutating func add(_ vector: Lanes, _ factors: UnsafePointer<Float>)
    mutating func add(_ other: Self)
    func store(_ output: UnsafeMutablePointer<Float>, _ stride: Int)
}

struct OneRow: RowSums {
    static var rows: Int { 1 }
    private var sums = Lanes(repeating: 0)

    @inline(__always) init() {}

    @inline(__always)
    mutating func add(_ vector: Lanes, _ factors: UnsafePointer<Float>) {
        sums = fma(vector, Lanes(repeating: factors[0]), sums)
    }

    @inline(__always) mutating func add(_ other: Self) { sums += other.sums }

    @inline(__always)
    func store(_ output: UnsafeMutablePointer<Float>, _ stride: Int) { Kernels.store(sums, output) }
}

struct Rows<A: RowSums, B: RowSums>: RowSums {
    static var rows: Int { A.rows &+ B.rows }
    private var a = A()
    private var b = B()

    @inline(__always) init() {}

    @inline(__always)
    mutating func add(_ vector: Lanes, _ factors: UnsafePointer<Float>) {
        a.add(vector, factors)
        b.add(vector, factors + A.rows &* 16)
    }

    @inline(__always)
    mutating func add(_ other: Self) {
        a.add(other.a)
        b.add(other.b)
    }

    @inline(__always)
    func store(_ output: UnsafeMutablePointer<Float>, _ stride: Int) {
        a.store(output, stride)
        b.store(output + A.rows &* stride, stride)
    }
}

typealias TwoRows = Rows<OneRow, OneRow>
typealias ThreeRows = Rows<TwoRows, OneRow>
typealias FourRows = Rows<TwoRows, TwoRows>
typealias FiveRows = Rows<FourRows, OneRow>
typealias SixRows = Rows<FourRows, TwoRows>

/// Products of few rows with a matrix that is read as it lies.
enum RowProducts {
    /// Rows that are multiplied together.
    static let limit = 6

    /// output[r] = Σₙ matrix[n] · factors[n / 16][r][n mod 16], 16 columns wide.
    /// - Parameters:
    ///   - stride: between rows of the matrix.
    ///   - factors: float32 [count / 16, rows, 16]
    ///   - output: float32 [rows, 16] at `outputStride`
    @inline(__always)
    static func run<E: Element>(
        rows: Int, _ matrix: UnsafePointer<E>, stride: Int, count: Int, factors: UnsafePointer<Float>,
        into output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        // Shares of equal size, since a row more is cheaper than another pass over the matrix.
        let shares = (rows &+ limit &- 1) / limit
        var first = 0
        for share in 0..<shares {
            let next = (share &+ 1) &* rows / shares
            let (f, o) = (factors + first &* 16, output + first &* outputStride)
            switch next &- first {
            case 1: run(OneRow.self, matrix, stride, count, f, rows &* 16, o, outputStride)
            case 2: run(TwoRows.self, matrix, stride, count, f, rows &* 16, o, outputStride)
            case 3: run(ThreeRows.self, matrix, stride, count, f, rows &* 16, o, outputStride)
            case 4: run(FourRows.self, matrix, stride, count, f, rows &* 16, o, outputStride)
            case 5: run(FiveRows.self, matrix, stride, count, f, rows &* 16, o, outputStride)
            default: run(SixRows.self, matrix, stride, count, f, rows &* 16, o, outputStride)
            }
            first = next
        }
    }

    @inline(never)
    private static func run<S: RowSums, E: Element>(
        _: S.Type, _ matrix: UnsafePointer<E>, _ stride: Int, _ count: Int, _ factors: UnsafePointer<Float>,
        _ factorStride: Int, _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
    ) {
        // Two sets, so that a sum need not wait for the one before.
        var (even, odd) = (S(), S())
        var (row, block) = (matrix, factors)
        var left = count
        while left >= 16 {
            var index = 0
            while index < 16 {
                even.add(E.lanes(row), block + index)
                odd.add(E.lanes(row + stride), block + (index &+ 1))
                row += 2 &* stride
                index &+= 2
            }
            block += factorStride
            left &-= 16
        }
        for index in 0..<left {
            even.add(E.lanes(row), block + index)
            row += stride
        }
        even.add(odd)
        even.store(output, outputStride)
    }
}
