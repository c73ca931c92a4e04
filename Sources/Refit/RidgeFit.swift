import Kernels

/// A least-squares fit that stays near what is there: W minimises E[‖t − W·x − b‖²] + λ·v·‖W − W₀‖² with v the mean
/// variance of the inputs. The strength λ is the one with which a fit to most of the tokens does best on the others; the
/// result is then fitted to all of them.
struct RidgeFit {
    /// W, float32 row-major [O, F].
    var weights: [Float]
    /// b, [O]; zeros where the fit has none.
    var bias: [Float]
    /// λ; `nil` where W₀ did best and stayed.
    var ridge: Double?
    /// E[‖t − W·x − b‖²] on the tokens held out: of W₀ (and its best bias), and of the fit; `nil` where there are none.
    var heldOutError: (before: Double, after: Double)?
}

extension RidgeFit {
    /// - Parameters:
    ///   - current: W₀, row-major [O, F].
    ///   - fitted: moments of most tokens.
    ///   - heldOut: moments of the others; λ is the middle one of `ridges` where there are none.
    ///   - ridges: λ to choose from.
    ///   - hasBias: fits the means by a bias.
    /// - Throws: `KernelError` when no λ gives a positive definite matrix.
    init(
        from current: [Float], fitted: RegressionMoments, heldOut: RegressionMoments, ridges: [Double], hasBias: Bool
    ) throws(KernelError) {
        let start = AlignedBuffer(doubles: current.count)
        for index in current.indices { start.doubles[index] = Double(current[index]) }
        let most = RegressionMoments.normal([fitted], centred: hasBias)
        var best: (ridge: Double?, error: Double) = (nil, heldOut.error(of: start.doubles, bias: most.bias(start)))
        let before = best.error
        if heldOut.isEmpty {
            best.ridge = ridges[ridges.count / 2]
        } else {
            for ridge in ridges {
                guard let solution = most.solution(from: start, ridge: ridge) else { continue }
                let error = heldOut.error(of: solution.doubles, bias: most.bias(solution))
                if error < best.error { best = (ridge, error) }
            }
        }
        let all = heldOut.isEmpty ? most : RegressionMoments.normal([fitted, heldOut], centred: hasBias)
        var solution = start
        if let ridge = best.ridge {
            guard let fit = all.solution(from: start, ridge: ridge) else {
                throw KernelError(.notPositiveDefinite, "The moments of a refit are degenerate")
            }
            solution = fit
        }
        weights = (0..<current.count).map { Float(solution.doubles[$0]) }
        bias = all.bias(solution).map { Float($0) }
        ridge = best.ridge
        heldOutError = heldOut.isEmpty ? nil : (before, best.error)
    }
}

extension RegressionMoments.Normal {
    /// The bias that makes W right on average.
    func bias(_ solution: AlignedBuffer) -> [Double] {
        (0..<outputs).map { row in
            var value = targetMeans[row]
            for column in 0..<inputs { value -= solution.doubles[row * inputs + column] * means[column] }
            return value
        }
    }

    /// W₀ + (X − W₀·C)·(C + λ·v·I)⁻¹, float64 [O, F]; `nil` when the matrix is not positive definite in floating point.
    func solution(from start: AlignedBuffer, ridge: Double) -> AlignedBuffer? {
        let factor = AlignedBuffer(doubles: inputs * inputs)
        factor.doubles.update(from: covariance.doubles, count: inputs * inputs)
        // Inputs that never vary are fitted by any positive ridge.
        let shift = ridge * (meanVariance > 0 ? meanVariance : 1)
        for row in 0..<inputs { factor.doubles[row * inputs + row] += shift }
        do { try LinearAlgebra.cholesky(factor.doubles, order: inputs) } catch { return nil }
        let change = AlignedBuffer(doubles: outputs * inputs)
        LinearAlgebra.multiplySymmetric(
            start.doubles, rows: outputs, by: covariance.doubles, order: inputs, into: change.doubles)
        for index in 0..<outputs * inputs { change.doubles[index] = cross.doubles[index] - change.doubles[index] }
        LinearAlgebra.solve(change.doubles, rows: outputs, againstFactor: factor.doubles, order: inputs)
        for index in 0..<outputs * inputs { change.doubles[index] += start.doubles[index] }
        return change
    }
}
