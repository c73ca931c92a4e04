import Foundation
import Testing

@testable import Kernels

struct LinearAlgebraTests {
    @Test func gramCholeskyAndSolveAgreeWithTheirDefinitions() throws {
        let (rows, width) = (300, 70)
        var values = Values(21)
        let x = values.array(rows * width)
        let gram = AlignedBuffer(floats: width * width)
        LinearAlgebra.accumulateGram(x, rows: 200, width: width, into: gram.floats)
        x.withUnsafeBufferPointer {
            LinearAlgebra.accumulateGram(
                $0.baseAddress! + 200 * width, rows: 100, width: width, into: gram.floats)
        }
        var factor = [Double](repeating: 0, count: width * width)
        for row in 0..<width {
            for column in 0...row {
                let reference = (0..<rows).reduce(0.0) {
                    $0 + Double(x[$1 * width + row]) * Double(x[$1 * width + column])
                }
                #expect(abs(Double(gram.floats[row * width + column]) - reference) < 1e-4 * Double(rows))
                factor[row * width + column] = reference
            }
        }
        let matrix = factor
        try LinearAlgebra.cholesky(&factor, order: width)
        for row in 0..<width {
            for column in 0..<width {
                let product = (0..<width).reduce(0.0) { $0 + factor[row * width + $1] * factor[column * width + $1] }
                let reference = matrix[max(row, column) * width + min(row, column)]
                #expect(abs(product - reference) < 1e-10 * Double(rows))
            }
        }
        // (A·L)·L[:s, :s]⁻¹ restricted to s columns.
        let a = values.array(4 * width).map(Double.init)
        var v = a
        LinearAlgebra.multiplyLower(&v, rows: 4, by: factor, order: width)
        let size = 33
        var leading = (0..<4).flatMap { v[$0 * width..<$0 * width + size] }.map { Float($0) }
        let rights = leading.map(Double.init)
        let lower = factor.map { Float($0) }
        LinearAlgebra.solveLower(&leading, rows: 4, size: size, against: lower, stride: width)
        for row in 0..<4 {
            for column in 0..<size {
                let product = (0..<size).reduce(0.0) {
                    $0 + Double(leading[row * size + $1]) * Double(lower[$1 * width + column])
                }
                #expect(abs(product - rights[row * size + column]) < 1e-4)
            }
        }
    }

    /// Also beyond the first block of columns.
    @Test(arguments: [0, 255, 256, 400])
    func theFirstBadRowIsNamed(_ row: Int) {
        let order = 420
        var matrix = [Double](repeating: 0, count: order * order)
        for index in 0..<order { matrix[index * order + index] = index < row ? 1 : -1 }
        let error = #expect(throws: KernelError.self) { try LinearAlgebra.cholesky(&matrix, order: order) }
        #expect(error?.code == .notPositiveDefinite)
        #expect(error?.message.hasSuffix("at row \(row)") == true)
    }

    @Test func indefiniteMatricesAreRefused() {
        var matrix: [Double] = [1, 0, 2, 1]
        #expect(throws: KernelError.self) { try LinearAlgebra.cholesky(&matrix, order: 2) }
    }

    /// OpenMP keeps its number of threads for each thread, and a task may go on on another one behind an `await`.
    @Test func aRoutineOnAnyThreadStartsTheThreadsOfTheProcess() async {
        let count = await withCheckedContinuation { continuation in
            Thread {
                var c: [Float] = [0]
                LinearAlgebra.accumulateGram([2], rows: 1, width: 1, into: &c)
                continuation.resume(returning: Threads.ofLibraries)
            }.start()
        }
        #expect(count == Threads.count)
    }
}
