import Calibration
import Kernels

/// The centred second moment by which every refit and every order of a sublayer goes: C = E[(x−μ)(x−μ)ᵀ] +
/// λ·mean(diag)·I in the calibration's weights of tokens.
enum RidgedMoment {
    /// The Cholesky factor of C in the given order of columns, [columns, columns].
    ///
    /// The sums of squares are float32. Of inputs that hardly vary around a mean far from zero their rounding leaves a
    /// matrix that is not positive definite; a ridged one is then ridged further by what rounding may have taken.
    /// - Parameter ridge: λ, as a fraction of the mean variance of the inputs.
    /// - Throws: `KernelError.notPositiveDefinite` when the moments are degenerate and λ is zero.
    static func factor(
        _ moments: ActivationMoments, _ order: [Int], ridge: Double, into matrix: UnsafeMutablePointer<Double>
    ) throws(KernelError) {
        let meanSquare = order.reduce(0.0) { $0 + moments.product($1, $1) } / Double(max(order.count, 1))
        var failure: KernelError?
        for rounding in ridge > 0 ? [0, 0x1p-24, 0x1p-20, 0x1p-16, 0x1p-12, 0x1p-8] : [0] {
            write(moments, order, ridge: ridge, rounding: rounding * meanSquare, into: matrix)
            do throws(KernelError) {
                return try LinearAlgebra.cholesky(matrix, order: order.count)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// C + rounding·I in the given order of columns, lower triangle, the upper one zero.
    static func write(
        _ moments: ActivationMoments, _ order: [Int], ridge: Double, rounding: Double = 0,
        into matrix: UnsafeMutablePointer<Double>
    ) {
        let columns = order.count
        matrix.initialize(repeating: 0, count: columns * columns)
        let gram = moments.gram.floats
        let tokens = moments.weight > 0 ? moments.weight : 1
        let means = order.map { moments.mean($0) }
        Threads.forEachChunk(columns, grain: 64) { range in
            for row in range {
                let source = order[row]
                for column in 0...row {
                    let other = order[column]
                    let sum = gram[max(source, other) * columns + min(source, other)]
                    matrix[row * columns + column] = Double(sum) / tokens - means[row] * means[column]
                }
            }
        }
        let trace = (0..<columns).reduce(0.0) { $0 + max(0, matrix[$1 * columns + $1]) }
        // A sublayer whose inputs never vary still factors: any positive ridge will do.
        let shift = ridge * (trace > 0 ? trace / Double(columns) : 1) + rounding
        for row in 0..<columns { matrix[row * columns + row] += shift }
    }
}
