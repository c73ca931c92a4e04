/// What the output projection of a sublayer is fitted to, given what it reads in the pruned model.
package enum RefitTarget: String, Sendable, Codable, CaseIterable {
    /// What the dense sublayer adds to the dense residual stream.
    case output
    /// What is missing from the pruned residual stream to the dense one behind the sublayer: the sublayer also makes up
    /// for what those in front of it got wrong.
    case residual
}

/// How one sublayer was fitted.
package struct RefitStep: Sendable, Codable, Equatable {
    /// Attention of block b is 2b, its MLP 2b + 1.
    package var sublayer: Int
    /// λ of the output projection; `nil` where it stayed as it was.
    package var ridge: Double?
    /// λ of the projections that read the stream; `nil` where they stayed as they were.
    package var inputRidge: Double?
    /// Mean squared error of the sublayer's output on tokens held out, each token weighted as in the calibration: before,
    /// and after. Weights differ from sublayer to sublayer, so that only the two can be compared. `nil` where no tokens
    /// were held out.
    package var before: Double?
    package var after: Double?
}
