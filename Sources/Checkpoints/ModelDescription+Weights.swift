/// One weight the description calls for: where it lies in either format and how large it is.
package struct WeightShape: Sendable, Equatable {
    package var weight: Weight
    package var huggingFaceKey: String
    package var ggufKey: String
    package var rows: Int
    /// `nil` for vectors.
    package var columns: Int?
    package var isRotaryPermutedInGGUF: Bool
    /// What a sublayer that is gone adds to the residual stream.
    package var isConstant = false

    package var shape: [Int] { columns.map { [rows, $0] } ?? [rows] }
    package var count: Int { rows * (columns ?? 1) }
}

extension ModelDescription {
    /// Every weight of the model with its names and shape, outer weights and blocks in the order of the declaration.
    package var weightShapes: [WeightShape] {
        architecture.weights.flatMap { declaration -> [WeightShape] in
            if declaration.huggingFaceKey.contains("{block}") {
                return blocks.indices.compactMap { weightShape(declaration, block: $0) }
            }
            return [weightShape(declaration, block: nil)].compactMap { $0 }
        }
    }

    /// The shape of one weight, `nil` when this model does not have it.
    package func weightShape(_ weight: Weight) -> WeightShape? {
        architecture.weights.first { $0.role == weight.role }.flatMap { weightShape($0, block: weight.block) }
    }

    /// Parameters of the decoder blocks: what a pruning rate is a fraction of.
    package var decoderParameters: Int {
        weightShapes.reduce(0) { $0 + ($1.weight.block == nil ? 0 : $1.count) }
    }

    /// All parameters; a tied head is counted once.
    package var parameters: Int { weightShapes.reduce(0) { $0 + $1.count } }

    private func weightShape(_ declaration: Architecture.Declaration, block: Int?) -> WeightShape? {
        let shape = block.map { blocks[$0] }
        switch declaration.presence {
        case .always: break
        case .unlessTied where tiesEmbeddings: return nil
        case .unlessTied: break
        case .withAttention: if shape?.keyValueHeads == 0 { return nil }
        case .withMLP: if shape?.channels == 0 { return nil }
        case .bias(let bias): if !biases.contains(bias) { return nil }
        }
        let rows = extent(declaration.rows, shape)
        let columns = declaration.columns.map { extent($0, shape) }
        if rows == 0 || columns == 0 { return nil }
        let number = block.map(String.init) ?? ""
        let isConstant =
            declaration.role == .outputBias
            ? shape?.keyValueHeads == 0
            : declaration.role == .downBias && shape?.channels == 0
        let huggingFaceKey = isConstant ? declaration.constantKey : nil
        return WeightShape(
            weight: Weight(declaration.role, block: block),
            huggingFaceKey: (huggingFaceKey ?? declaration.huggingFaceKey).replacing("{block}", with: number),
            ggufKey: declaration.ggufKey.replacing("{block}", with: number),
            rows: rows, columns: columns, isRotaryPermutedInGGUF: declaration.isRotaryPermutedInGGUF,
            isConstant: isConstant)
    }

    private func extent(_ extent: Architecture.Extent, _ block: BlockShape?) -> Int {
        switch extent {
        case .hidden: hiddenSize
        case .vocabulary: vocabularySize
        case .queryWidth: (block?.queryHeads ?? 0) * headSize
        case .keyValueWidth: (block?.keyValueHeads ?? 0) * headSize
        case .channels: block?.channels ?? 0
        }
    }
}
