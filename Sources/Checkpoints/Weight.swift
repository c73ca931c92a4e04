/// One weight of a model, named independently of any file format.
package struct Weight: Sendable, Hashable {
    package var role: Role
    /// Index of the decoder block, `nil` for the weights outside the blocks.
    package var block: Int?

    package init(_ role: Role, block: Int? = nil) {
        self.role = role
        self.block = block
    }

    package enum Role: String, Sendable, Hashable, CaseIterable {
        case tokenEmbedding, finalNorm, head
        case attentionNorm
        case queryProjection, keyProjection, valueProjection, outputProjection
        case queryBias, keyBias, valueBias, outputBias
        case mlpNorm
        case gateProjection, upProjection, downProjection
        case gateBias, upBias, downBias

        package var isNorm: Bool { self == .attentionNorm || self == .mlpNorm || self == .finalNorm }

        package var isBias: Bool {
            switch self {
            case .queryBias, .keyBias, .valueBias, .outputBias, .gateBias, .upBias, .downBias: true
            default: false
            }
        }
    }
}
