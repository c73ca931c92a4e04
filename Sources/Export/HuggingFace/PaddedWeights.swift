import Checkpoints

/// A model with all blocks as wide as the widest: zeros in the place of what was pruned, so that programs that know one
/// size for all blocks load it. It computes the same: a head or a channel of zeros adds nothing.
package struct PaddedWeights: WeightSource {
    package let description: ModelDescription
    private let base: any WeightSource

    package init(_ base: any WeightSource) {
        var description = base.description
        let shapes = description.blocks
        let perGroup = max(1, shapes.map { $0.queryHeads / max($0.keyValueHeads, 1) }.max() ?? 1)
        let groups = max(1, shapes.map(\.keyValueHeads).max() ?? 1)
        let channels = max(1, shapes.map(\.channels).max() ?? 1)
        let shape =
            Self.smallest(groups: groups, perGroup: perGroup, channels: channels, dividing: description.hiddenSize)
            ?? BlockShape(queryHeads: groups * perGroup, keyValueHeads: groups, channels: channels)
        description.blocks = shapes.map { _ in shape }
        if !description.biases.isDisjoint(with: [.queryKeyValue, .attentionOutput]) {
            description.biases.formUnion([.queryKeyValue, .attentionOutput])
        }
        if !description.biases.isDisjoint(with: [.gateUp, .down]) { description.biases.formUnion([.gateUp, .down]) }
        self.description = description
        self.base = base
    }

    /// The fewest query heads that divide the hidden size and have room for so many groups and heads of each:
    /// transformers 5 refuses others. `nil` where there are none.
    private static func smallest(groups: Int, perGroup: Int, channels: Int, dividing hiddenSize: Int) -> BlockShape? {
        for heads in groups * perGroup..<max(hiddenSize + 1, groups * perGroup) where hiddenSize.isMultiple(of: heads) {
            let fit = (groups...heads / perGroup).first { heads.isMultiple(of: $0) }
            if let fit { return BlockShape(queryHeads: heads, keyValueHeads: fit, channels: channels) }
        }
        return nil
    }

    package func read(_ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>) throws {
        guard let block = weight.block, let wide = description.weightShape(weight) else {
            return try base.read(weight, into: destination)
        }
        destination.update(repeating: weight.role.isNorm ? 1 : 0)
        guard let narrow = base.description.weightShape(weight), let values = try base.values(of: weight)
        else { return }
        let rows = places(weight.role, isRow: true, block, narrow.rows)
        let columns = narrow.columns.map { places(weight.role, isRow: false, block, $0) } ?? [0]
        let width = wide.columns ?? 1
        for (row, target) in rows.enumerated() {
            for (column, place) in columns.enumerated() {
                destination[target * width + place] = values[row * columns.count + column]
            }
        }
    }

    /// Where the rows or columns of a weight go. Query heads move, since those of one key/value head stand together.
    private func places(_ role: Weight.Role, isRow: Bool, _ block: Int, _ count: Int) -> [Int] {
        let isQuery =
            isRow ? role == .queryProjection || role == .queryBias : role == .outputProjection
        guard isQuery else { return Array(0..<count) }
        let (narrow, wide, size) = (base.description.blocks[block], description.blocks[block], description.headSize)
        let perGroup = narrow.queryHeads / max(narrow.keyValueHeads, 1)
        let widePerGroup = wide.queryHeads / wide.keyValueHeads
        return (0..<narrow.queryHeads).flatMap { head in
            let place = head / perGroup * widePerGroup + head % perGroup
            return place * size..<(place + 1) * size
        }
    }
}
