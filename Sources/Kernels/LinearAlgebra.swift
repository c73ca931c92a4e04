import COpenBLAS

/// The few BLAS and LAPACK routines that pruning needs. All matrices are row-major.
package enum LinearAlgebra {
    /// C += Xᵀ·X in the lower triangle of C.
    /// - Parameters:
    ///   - x: float32 [rows, width]
    ///   - c: float32 [width, width]
    package static func accumulateGram(
        _ x: UnsafePointer<Float>, rows: Int, width: Int, into c: UnsafeMutablePointer<Float>
    ) {
        Threads.adopt()
        guard rows > 0, width > 0 else { return }
        cblas_ssyrk(
            CblasRowMajor, CblasLower, CblasTrans, Int32(width), Int32(rows), 1, x, Int32(width), 1, c, Int32(width))
    }

    /// The lower Cholesky factor of a symmetric matrix of which the lower triangle is read; in place, the upper
    /// triangle zeroed.
    ///
    /// By blocks of columns, so that nearly all of it is one kind of product: OpenBLAS 0.3.21 takes seven times as
    /// long for a whole matrix of order 4096.
    /// - Parameter matrix: float64 [order, order]
    /// - Throws: `KernelError.notPositiveDefinite`.
    package static func cholesky(_ matrix: UnsafeMutablePointer<Double>, order: Int) throws(KernelError) {
        Threads.adopt()
        let leading = Int32(order)
        for start in stride(from: 0, to: order, by: block) {
            let width = min(block, order - start)
            let corner = matrix + start * order + start
            // Row-major lower is column-major upper.
            var (n, pitch, info) = (Int32(width), leading, Int32(0))
            dpotrf_("U", &n, corner, &pitch, &info)
            if info != 0 {
                throw KernelError(
                    .notPositiveDefinite,
                    "A moment matrix of order \(order) is not positive definite at row \(start + Int(info) - 1)")
            }
            let rest = Int32(order - start - width)
            if rest == 0 { break }
            let below = corner + width * order
            cblas_dtrsm(
                CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, rest, n, 1, corner, leading, below,
                leading)
            cblas_dsyrk(
                CblasRowMajor, CblasLower, CblasNoTrans, rest, n, -1, below, leading, 1, below + width, leading)
        }
        for row in 0..<order {
            (matrix + row * order + row + 1).update(repeating: 0, count: order - row - 1)
        }
    }

    /// Columns that are factored or inverted together.
    static let block = 256

    /// A·L with a lower triangular L, in place of A.
    /// - Parameters:
    ///   - a: float64 [rows, order]
    ///   - l: float64 [order, order]
    package static func multiplyLower(
        _ a: UnsafeMutablePointer<Double>, rows: Int, by l: UnsafePointer<Double>, order: Int
    ) {
        Threads.adopt()
        cblas_dtrmm(
            CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, Int32(rows), Int32(order), 1, l,
            Int32(order), a, Int32(order))
    }

    /// Solves X·L[:size, :size] = V[:, :size] against a leading block, in place of V's copy.
    /// - Parameters:
    ///   - v: float32 [rows, size], overwritten by X
    ///   - l: float32, rows `stride` apart
    package static func solveLower(
        _ v: UnsafeMutablePointer<Float>, rows: Int, size: Int, against l: UnsafePointer<Float>, stride: Int
    ) {
        Threads.adopt()
        cblas_strsm(
            CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, Int32(rows), Int32(size), 1, l,
            Int32(stride), v, Int32(size))
    }

    /// Solves X·L·Lᵀ = B in place of B.
    /// - Parameters:
    ///   - b: float64 [rows, order]
    ///   - l: float64 [order, order], lower
    package static func solve(
        _ b: UnsafeMutablePointer<Double>, rows: Int, againstFactor l: UnsafePointer<Double>, order: Int
    ) {
        Threads.adopt()
        guard rows > 0, order > 0 else { return }
        for transposed in [true, false] {
            cblas_dtrsm(
                CblasRowMajor, CblasRight, CblasLower, transposed ? CblasTrans : CblasNoTrans, CblasNonUnit,
                Int32(rows), Int32(order), 1, l, Int32(order), b, Int32(order))
        }
    }
}
