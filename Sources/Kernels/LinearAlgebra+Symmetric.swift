import COpenBLAS

/// Products with symmetric and triangular matrices in float64, for orders that eliminate one unit after another.
///
/// Row-major; of symmetric matrices only the lower triangle is read and written.
extension LinearAlgebra {
    /// C += scale·Xᵀ·X.
    /// - Parameters:
    ///   - x: float64 [rows, width]
    ///   - c: float64 [width, width], rows `stride` apart
    package static func addGram(
        _ x: UnsafePointer<Double>, rows: Int, width: Int, scale: Double = 1, into c: UnsafeMutablePointer<Double>,
        stride: Int
    ) {
        Threads.adopt()
        guard rows > 0, width > 0 else { return }
        cblas_dsyrk(
            CblasRowMajor, CblasLower, CblasTrans, Int32(width), Int32(rows), scale, x, Int32(width), 1, c,
            Int32(stride))
    }

    /// C −= Xᵀ·Y + Yᵀ·X.
    /// - Parameters:
    ///   - x: float64 [rows, width]
    ///   - y: float64 [rows, width]
    ///   - c: float64 [width, width], rows `stride` apart
    package static func subtractProducts(
        _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, rows: Int, width: Int,
        from c: UnsafeMutablePointer<Double>, stride: Int
    ) {
        Threads.adopt()
        guard rows > 0, width > 0 else { return }
        cblas_dsyr2k(
            CblasRowMajor, CblasLower, CblasTrans, Int32(width), Int32(rows), -1, x, Int32(width), y, Int32(width), 1,
            c, Int32(stride))
    }

    /// A·S with a symmetric S.
    /// - Parameters:
    ///   - a: float64 [rows, order]
    ///   - s: float64 [order, order]
    ///   - c: float64 [rows, order], overwritten
    package static func multiplySymmetric(
        _ a: UnsafePointer<Double>, rows: Int, by s: UnsafePointer<Double>, order: Int,
        into c: UnsafeMutablePointer<Double>
    ) {
        Threads.adopt()
        guard rows > 0, order > 0 else { return }
        cblas_dsymm(
            CblasRowMajor, CblasRight, CblasLower, Int32(rows), Int32(order), 1, s, Int32(order), a, Int32(order), 0, c,
            Int32(order))
    }

    /// C −= scale·S·B with a symmetric S.
    /// - Parameters:
    ///   - s: float64 [order, order]
    ///   - b: float64 [order, columns]
    ///   - c: float64 [order, columns]
    package static func subtractSymmetric(
        _ s: UnsafePointer<Double>, order: Int, times b: UnsafePointer<Double>, columns: Int, scale: Double,
        from c: UnsafeMutablePointer<Double>
    ) {
        Threads.adopt()
        guard order > 0, columns > 0 else { return }
        cblas_dsymm(
            CblasRowMajor, CblasLeft, CblasLower, Int32(order), Int32(columns), -scale, s, Int32(order), b,
            Int32(columns), 1, c, Int32(columns))
    }

    /// Solves L·X = B in place of B.
    /// - Parameters:
    ///   - b: float64 [order, columns]
    ///   - l: float64 [order, order], lower
    package static func solveLower(
        _ b: UnsafeMutablePointer<Double>, columns: Int, against l: UnsafePointer<Double>, order: Int
    ) {
        Threads.adopt()
        guard order > 0, columns > 0 else { return }
        cblas_dtrsm(
            CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, Int32(order), Int32(columns), 1, l,
            Int32(order), b, Int32(columns))
    }

    /// Solves X·Lᵀ = B in place of B.
    /// - Parameters:
    ///   - b: float64 [rows, order]
    ///   - l: float64 [order, order], lower
    package static func solveTransposedLower(
        _ b: UnsafeMutablePointer<Double>, rows: Int, against l: UnsafePointer<Double>, order: Int
    ) {
        Threads.adopt()
        guard rows > 0, order > 0 else { return }
        cblas_dtrsm(
            CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, Int32(rows), Int32(order), 1, l,
            Int32(order), b, Int32(order))
    }

    /// (L·Lᵀ)⁻¹ in place of L, of which the upper triangle is left undefined.
    ///
    /// L⁻ᵀ·L⁻¹ by blocks of columns; what is known to be zero is not computed, which leaves ⅔·order³ operations.
    /// - Parameters:
    ///   - l: float64 [order, order], lower
    ///   - scratch: float64 [order, order], overwritten by L⁻¹
    package static func invert(
        factor l: UnsafeMutablePointer<Double>, order: Int, scratch: UnsafeMutablePointer<Double>
    ) {
        Threads.adopt()
        let (leading, step) = (Int32(order), block)
        scratch.update(repeating: 0, count: order * order)
        for row in 0..<order { scratch[row * order + row] = 1 }
        for start in stride(from: 0, to: order, by: step) {
            let (width, rest) = (Int32(min(step, order - start)), Int32(order - start))
            let corner = start * order + start
            cblas_dtrsm(
                CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, rest, width, 1, l + corner, leading,
                scratch + corner, leading)
        }
        for start in stride(from: 0, to: order, by: step) {
            let (width, rest) = (min(step, order - start), Int32(order - start))
            let row = start * order
            cblas_dgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, Int32(width), Int32(start + width), rest, 1,
                scratch + row + start, leading, scratch + row, leading, 0, l + row, leading)
        }
    }
}
