import Checkpoints
import Factors
import Search

extension SearchSpace {
    /// Every level of every sublayer of a model, with exact parameter counts.
    ///
    /// A sublayer that is gone leaves its constant: a bias of the residual stream's width stays at every level. Where
    /// the refit adds biases, every level's count has one, since formats say so once for all blocks.
    /// - Parameters:
    ///   - channelStep: channels of one MLP level, `nil` for the default (a 32nd of them in multiples of `alignment`).
    ///   - addsBiases: sublayers have an output bias even where the model has none.
    ///   - attention: the levels of each block's attention (`ModelDescription.attentionLevels`); `nil` for whole groups.
    /// - Throws: `SearchError.badSpace`.
    package init(
        _ description: ModelDescription, granularity: Granularity, channelStep: Int?, alignment: Int = 32,
        addsBiases: Bool, attention: [[AttentionShape]]? = nil,
        rates: ClosedRange<Double>? = nil
    ) throws(SearchError) {
        var sublayers: [Sublayer] = []
        for (block, shape) in description.blocks.enumerated() {
            let whole = shape.attention
            let shapes =
                attention?[block]
                ?? Self.groupLevels(groups: whole.groups).map {
                    AttentionShape(groups: $0, headsPerGroup: whole.headsPerGroup)
                }
            sublayers.append(
                Sublayer(
                    kind: .attention, block: block, units: shapes.map(\.groups),
                    heads: attention == nil ? nil : shapes.map(\.headsPerGroup),
                    parameters: shapes.map { description.attentionParameters($0, addsBias: addsBiases) }))
            let step = channelStep ?? Self.defaultChannelStep(channels: shape.channels, alignment: alignment)
            let channels = Self.channelLevels(channels: shape.channels, step: step)
            sublayers.append(
                Sublayer(
                    kind: .mlp, block: block, units: channels,
                    parameters: channels.map {
                        description.mlpParameters(
                            BlockShape(queryHeads: 0, keyValueHeads: 0, channels: $0), addsBias: addsBiases)
                    }))
        }
        try self.init(sublayers: sublayers, granularity: granularity, rates: rates)
    }
}

extension ModelDescription {
    /// The description with the blocks of a candidate.
    package func pruned(to blocks: [BlockShape], addsBiases: Bool) -> ModelDescription {
        var result = self
        result.blocks = blocks
        if addsBiases { result.biases.formUnion([.attentionOutput, .down]) }
        return result
    }

    func attentionParameters(_ shape: AttentionShape, addsBias: Bool) -> Int {
        parameters(
            of: BlockShape(queryHeads: shape.queryHeads, keyValueHeads: shape.groups, channels: 0),
            [
                .attentionNorm, .queryProjection, .keyProjection, .valueProjection, .outputProjection, .queryBias,
                .keyBias, .valueBias, .outputBias,
            ], adding: addsBias ? .attentionOutput : [])
    }

    func mlpParameters(_ shape: BlockShape, addsBias: Bool) -> Int {
        parameters(
            of: shape, [.mlpNorm, .gateProjection, .upProjection, .downProjection, .gateBias, .upBias, .downBias],
            adding: addsBias ? .down : [])
    }

    private func parameters(of shape: BlockShape, _ roles: [Weight.Role], adding bias: Biases) -> Int {
        var single = self
        single.blocks = [shape]
        single.biases.formUnion(bias)
        return roles.reduce(0) { $0 + (single.weightShape(Weight($1, block: 0))?.count ?? 0) }
    }
}
