import Testing

@testable import Kernels

/// The products of `LinearAlgebra+Symmetric` against loops.
struct SymmetricTests {
    private let marker = 1e9

    private func values(_ count: Int, _ seed: UInt64) -> [Double] {
        var values = Values(seed)
        return values.array(count).map(Double.init)
    }

    /// The lower triangle of a symmetric matrix and something else above it.
    private func lower(_ order: Int, _ seed: UInt64) -> (stored: [Double], full: [Double]) {
        let stored = values(order * order, seed)
        var (marked, full) = (stored, stored)
        for row in 0..<order {
            for column in row + 1..<max(order, row + 1) {
                marked[row * order + column] = marker
                full[row * order + column] = stored[column * order + row]
            }
        }
        return (marked, full)
    }

    private func expectEqual(_ values: [Double], _ reference: [Double], within tolerance: Double = 1e-12) {
        #expect(zip(values, reference).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) })
    }

    @Test(arguments: [(1, 1), (3, 5), (40, 33)])
    func symmetricUpdatesTouchTheLowerTriangleOnly(_ rows: Int, _ width: Int) {
        let (x, y) = (values(rows * width, 1), values(rows * width, 2))
        let stride = width + 3
        let start = values(width * stride, 3)
        var (gram, products) = (start, start)
        LinearAlgebra.addGram(x, rows: rows, width: width, scale: -2, into: &gram, stride: stride)
        LinearAlgebra.subtractProducts(x, y, rows: rows, width: width, from: &products, stride: stride)
        var (expectedGram, expectedProducts) = (start, start)
        for a in 0..<width {
            for b in 0...a {
                for row in 0..<rows {
                    let (xa, xb, ya, yb) =
                        (x[row * width + a], x[row * width + b], y[row * width + a], y[row * width + b])
                    expectedGram[a * stride + b] -= 2 * xa * xb
                    expectedProducts[a * stride + b] -= xa * yb + ya * xb
                }
            }
        }
        expectEqual(gram, expectedGram)
        expectEqual(products, expectedProducts)
    }

    @Test(arguments: [(1, 1), (4, 9), (30, 17)])
    func productsReadTheLowerTriangleOnly(_ rows: Int, _ order: Int) {
        let (stored, full) = lower(order, 7)
        let (a, b, start) = (values(rows * order, 8), values(order * rows, 9), values(order * rows, 10))
        var right = [Double](repeating: .nan, count: rows * order)
        LinearAlgebra.multiplySymmetric(a, rows: rows, by: stored, order: order, into: &right)
        var left = start
        LinearAlgebra.subtractSymmetric(stored, order: order, times: b, columns: rows, scale: 0.5, from: &left)
        var (expectedRight, expectedLeft) = ([Double](repeating: 0, count: rows * order), start)
        for row in 0..<rows {
            for column in 0..<order {
                for inner in 0..<order {
                    expectedRight[row * order + column] += a[row * order + inner] * full[inner * order + column]
                    expectedLeft[column * rows + row] -= 0.5 * full[column * order + inner] * b[inner * rows + row]
                }
            }
        }
        expectEqual(right, expectedRight)
        expectEqual(left, expectedLeft)
    }

    /// 256 columns are factored and inverted together.
    @Test(arguments: [1, 2, 255, 256, 257, 530])
    func factorsAreSolvedAndInverted(_ order: Int) throws {
        // Diagonally dominant.
        var matrix = lower(order, 11).full
        for row in 0..<order { matrix[row * order + row] = Double(order) }
        var factor = matrix
        try LinearAlgebra.cholesky(&factor, order: order)

        let rights = values(order * 4, 12)
        var below = rights
        LinearAlgebra.solveLower(&below, columns: 4, against: factor, order: order)
        var beside = rights
        LinearAlgebra.solveTransposedLower(&beside, rows: 4, against: factor, order: order)
        var backBelow = [Double](repeating: 0, count: order * 4)
        var backBeside = backBelow
        for row in 0..<order {
            for column in 0..<4 {
                for inner in 0...row {
                    backBelow[row * 4 + column] += factor[row * order + inner] * below[inner * 4 + column]
                    backBeside[column * order + row] += beside[column * order + inner] * factor[row * order + inner]
                }
            }
        }
        expectEqual(backBelow, rights)
        expectEqual(backBeside, rights)

        var (inverse, scratch) = (factor, [Double](repeating: .nan, count: order * order))
        LinearAlgebra.invert(factor: &inverse, order: order, scratch: &scratch)
        var difference = 0.0
        for row in 0..<order {
            for column in 0..<order {
                let product = (0..<order).reduce(0.0) {
                    $0 + matrix[row * order + $1] * inverse[max($1, column) * order + min($1, column)]
                }
                difference = max(difference, abs(product - (row == column ? 1 : 0)))
            }
        }
        #expect(difference < 1e-12)
    }
}
