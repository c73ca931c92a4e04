import COpenBLAS

/// A float32 matrix where it lies, or its transpose.
package struct MatrixView {
    package var values: UnsafePointer<Float>
    /// Floats from one row to the next, as it lies.
    package var stride: Int
    package var isTransposed: Bool

    package init(_ values: UnsafePointer<Float>, stride: Int, isTransposed: Bool = false) {
        self.values = values
        self.stride = stride
        self.isTransposed = isTransposed
    }

    package init(_ values: UnsafeMutablePointer<Float>, stride: Int, isTransposed: Bool = false) {
        self.init(UnsafePointer(values), stride: stride, isTransposed: isTransposed)
    }

    package var transposed: MatrixView { MatrixView(values, stride: stride, isTransposed: !isTransposed) }
}

extension LinearAlgebra {
    /// C = A·B, or C += A·B.
    /// - Parameters:
    ///   - a: [rows, inner]
    ///   - b: [inner, columns]
    ///   - c: float32 [rows, columns], rows `stride` apart
    package static func multiply(
        _ a: MatrixView, _ b: MatrixView, rows: Int, inner: Int, columns: Int, accumulates: Bool = false,
        into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        Threads.adopt()
        guard rows > 0, columns > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            Int32(rows), Int32(columns), Int32(inner), 1, a.values, Int32(a.stride), b.values, Int32(b.stride),
            accumulates ? 1 : 0, c, Int32(stride))
    }
}
