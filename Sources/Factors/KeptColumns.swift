import Calibration

/// An output projection that is cut without a refit: the columns that are kept stay as they were.
package struct KeptColumns: Sendable {
    private let projection: OutputProjection
    package let order: ColumnOrder
    private let remainder: Remainder

    /// What is left of the columns that go.
    package enum Remainder: Sendable {
        /// Nothing; the layer's own bias stays.
        case nothing
        /// What they add on average, as a bias: FLAP's compensation (arXiv 2312.11983). μ of every input, [columns].
        case means([Double])
        /// Nothing, and without any column the layer's own bias goes too: the sublayer is removed.
        case nothingAtAll
    }

    package init(_ projection: OutputProjection, order: ColumnOrder, remainder: Remainder) {
        precondition(order.columns.count == projection.columns)
        self.projection = projection
        self.order = order
        self.remainder = remainder
    }

    /// The projection that reads what is kept of the first `units` units: [outputs, units·unitSize] and its bias.
    package func projection(keeping units: Int) -> (weights: [Float], bias: [Float]?) {
        let kept = order.kept(units)
        var weights: [Float] = []
        weights.reserveCapacity(projection.outputs * kept.count)
        for row in 0..<projection.outputs {
            for column in kept { weights.append(projection.weights[row * projection.columns + column]) }
        }
        return (weights, bias(keeping: units))
    }

    private func bias(keeping units: Int) -> [Float]? {
        switch remainder {
        case .nothing: return projection.bias
        case .nothingAtAll: return units > 0 ? projection.bias : projection.bias?.map { _ in 0 }
        case .means(let means):
            let gone = order.gone(units)
            return (0..<projection.outputs).map { row in
                let start = row * projection.columns
                let own = Double(projection.bias?[row] ?? 0)
                return Float(gone.reduce(own) { $0 + Double(projection.weights[start + $1]) * means[$1] })
            }
        }
    }
}
