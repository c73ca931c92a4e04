import Checkpoints

/// A model of which only the shape is known, to find out how large a file it makes. All its weights are 0.
package struct UnreadWeights: WeightSource {
    package let description: ModelDescription

    package init(_ description: ModelDescription) { self.description = description }

    package func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) {
        destination.update(repeating: 0)
    }
}
