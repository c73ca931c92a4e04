import Checkpoints
import Factors

extension PruningPlan {
    /// The shapes of each block's attention that are worth a level, smallest first; `nil` where groups are kept whole.
    package var attentionLevels: [[AttentionShape]]? {
        guard attentionUnit == .head else { return nil }
        return dense.description.blocks.indices.map { block in
            dense.description.attentionLevels(block: block, addsBias: addsBiases) { shape in
                attention[block]?.loss(shape) ?? 0
            }
        }
    }
}

extension ModelDescription {
    /// Shapes of each block's attention before a plan says what they are worth: one of every size.
    package func attentionLevels(addsBiases: Bool) -> [[AttentionShape]] {
        blocks.indices.map { block in
            attentionLevels(block: block, addsBias: addsBiases) { shape in
                -Double(attentionParameters(shape, addsBias: addsBiases))
            }
        }
    }

    /// Of shapes of one size the one that loses least, and only those that lose less than all smaller ones. Nothing and
    /// everything are levels in any case, and so are all numbers of groups where each has a single query head.
    fileprivate func attentionLevels(
        block: Int, addsBias: Bool, loss: (AttentionShape) -> Double
    ) -> [AttentionShape] {
        struct Choice {
            var shape: AttentionShape
            var parameters: Int
            var loss: Double
        }
        let whole = blocks[block].attention
        guard whole.groups > 0 else { return [.nothing] }
        let parts = whole.parts(.head)
        if whole.headsPerGroup == 1 { return [.nothing] + parts }
        func choice(_ shape: AttentionShape) -> Choice {
            let value = loss(shape)
            return Choice(
                shape: shape, parameters: attentionParameters(shape, addsBias: addsBias),
                loss: value.isNaN ? .infinity : value)
        }
        let full = choice(whole)
        // Of equals the one with fewer groups, whose keys and values take less memory.
        let sorted = parts.map { choice($0) }.sorted {
            ($0.parameters, $0.loss, $0.shape.groups) < ($1.parameters, $1.loss, $1.shape.groups)
        }
        var levels = [choice(.nothing)]
        for choice in sorted where choice.parameters < full.parameters {
            if choice.loss < levels[levels.count - 1].loss { levels.append(choice) }
        }
        return levels.map(\.shape) + [whole]
    }
}
