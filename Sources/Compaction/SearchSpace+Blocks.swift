import Checkpoints
import Factors
import Search

extension SearchSpace {
    /// What a candidate keeps of every block of the model whose space this is.
    /// - Throws: `SearchError.badCandidate`.
    package func blocks(of candidate: Candidate, in dense: ModelDescription) throws(SearchError) -> [BlockShape] {
        let units = try units(of: candidate)
        var blocks = dense.blocks
        for (index, sublayer) in sublayers.enumerated() {
            let block = sublayer.block
            switch sublayer.kind {
            case .attention:
                blocks[block].attention = sublayer.attentionShape(
                    candidate.levels[index], of: dense.blocks[block].attention)
            case .mlp: blocks[block].channels = units[index]
            }
        }
        return blocks
    }
}

extension SearchSpace.Sublayer {
    /// What a level keeps of an attention.
    /// - Parameter whole: the attention as it is.
    package func attentionShape(_ level: Int, of whole: AttentionShape) -> AttentionShape {
        AttentionShape(groups: units[level], headsPerGroup: heads?[level] ?? whole.headsPerGroup)
    }
}

extension BlockShape {
    /// What there is of the block's attention.
    package var attention: AttentionShape {
        get {
            AttentionShape(groups: keyValueHeads, headsPerGroup: keyValueHeads > 0 ? queryHeads / keyValueHeads : 0)
        }
        set { (queryHeads, keyValueHeads) = (newValue.queryHeads, newValue.groups) }
    }
}
