import Checkpoints

/// Weights as a file of the given types gives them back.
package struct RoundedWeights: WeightSource {
    private let base: any WeightSource
    private let types: [Weight: ElementType]

    package var description: ModelDescription { base.description }

    /// - Parameter types: weights without one keep their values.
    package init(_ base: any WeightSource, types: [Weight: ElementType]) {
        self.base = base
        self.types = types
    }

    package func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws {
        try base.read(weight, into: destination)
        types[weight]?.round(destination)
    }
}
