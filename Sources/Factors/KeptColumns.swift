import Calibration

/// An output projection that is cut without a refit: the columns that are kept stay as they were.
package struct KeptColumns: Sendable {
    private let projection: OutputProjection
    /// Units, most important first.
    package let order: [Int]
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

    package init(_ projection: OutputProjection, order: [Int], remainder: Remainder) {
        precondition(order.count == projection.units)
        self.projection = projection
        self.order = order
        self.remainder = remainder
    }

    /// The projection that reads the first `units` units: [outputs, units·unitSize] and its bias.
    package func projection(keeping units: Int) -> (weights: [Float], bias: [Float]?) {
        let kept = columns(order[..<units])
        var weights: [Float] = []
        weights.reserveCapacity(projection.outputs * kept.count)
        for row in 0..<projection.outputs {
            for column in kept { weights.append(projection.weights[row * projection.columns + column]) }
        }
        return (weights, bias(without: order[units...]))
    }

    private func columns(_ units: ArraySlice<Int>) -> [Int] {
        let size = projection.unitSize
        return units.flatMap { $0 * size..<($0 + 1) * size }
    }

    private func bias(without units: ArraySlice<Int>) -> [Float]? {
        switch remainder {
        case .nothing: return projection.bias
        case .nothingAtAll:
            return units.count < order.count ? projection.bias : projection.bias?.map { _ in 0 }
        case .means(let means):
            let gone = columns(units)
            return (0..<projection.outputs).map { row in
                let start = row * projection.columns
                let own = Double(projection.bias?[row] ?? 0)
                return Float(gone.reduce(own) { $0 + Double(projection.weights[start + $1]) * means[$1] })
            }
        }
    }
}
