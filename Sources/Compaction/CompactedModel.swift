import Checkpoints

/// A smaller model: compacted blocks, and everything else as it was.
package struct CompactedModel: WeightSource {
    package let blocks: CompactedBlocks
    private let outside: any WeightSource

    package var description: ModelDescription { blocks.description }

    package init(_ blocks: CompactedBlocks, outside: any WeightSource) {
        self.blocks = blocks
        self.outside = outside
    }

    package func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws {
        guard weight.block != nil else { return try outside.read(weight, into: destination) }
        guard let values = blocks.values(weight), values.count == destination.count else {
            preconditionFailure("the blocks have no \(weight.role)")
        }
        _ = destination.update(from: values)
    }
}
