import Checkpoints

/// A model as llama.cpp's graph of a LLaMA with one size for every block takes it (its `src/models/deci.cpp`).
///
/// - A block without MLP would lose its attention's output there: it gets a few channels that are zero.
/// - The sizes of a head are read from block 0, which therefore keeps one head that is zero.
/// - What a removed attention adds to the residual stream is added by the MLP before it: nothing reads the stream
///   between them.
/// - A block that is gone altogether is left out.
package struct FoldedWeights: WeightSource {
    package let description: ModelDescription
    private let base: any WeightSource
    /// The block of `base` that each block was.
    private let blocks: [Int]
    /// Constants of `base` that each block's down projection adds.
    private let constants: [[Weight]]

    /// Channels of an MLP that does nothing: one block of the quantised types that are not K-quants.
    static let idleChannels = 32

    package init(_ base: any WeightSource) {
        var description = base.description
        var blocks: [Int] = []
        var shapes: [BlockShape] = []
        var constants: [[Weight]] = []
        for (index, shape) in base.description.blocks.enumerated() {
            if index == 0 || shape.keyValueHeads > 0 || shape.channels > 0 {
                var kept = shape
                if shape.channels == 0 { kept.channels = Self.idleChannels }
                if shape.keyValueHeads == 0 {
                    if index == 0 { (kept.queryHeads, kept.keyValueHeads) = (1, 1) }
                    if index > 0 { constants[constants.count - 1].append(Weight(.outputBias, block: index)) }
                }
                blocks.append(index)
                shapes.append(kept)
                constants.append([])
            } else {
                constants[constants.count - 1] += [Weight(.outputBias, block: index), Weight(.downBias, block: index)]
            }
        }
        self.constants = constants.map { $0.filter { base.description.weightShape($0) != nil } }
        if self.constants.contains(where: { !$0.isEmpty }) { description.biases.insert(.down) }
        description.blocks = shapes
        self.description = description
        self.base = base
        self.blocks = blocks
    }

    /// The weight of the model before, `nil` for one that was made up here.
    package func origin(of weight: Weight) -> Weight? {
        let origin = Weight(weight.role, block: weight.block.map { blocks[$0] })
        return base.description.weightShape(origin) == nil ? nil : origin
    }

    package func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws {
        let origin = origin(of: weight)
        // A constant goes where the stream takes it: to the MLP before, except from block 0.
        if let origin, description.weightShape(weight)?.isConstant == false {
            try base.read(origin, into: destination)
        } else {
            destination.update(repeating: weight.role.isNorm ? 1 : 0)
        }
        guard weight.role == .downBias, let block = weight.block else { return }
        for constant in constants[block] {
            guard let values = try base.values(of: constant) else { continue }
            for index in destination.indices { destination[index] += values[index] }
        }
    }
}
