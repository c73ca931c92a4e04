import Factors

extension SearchOptions.Method {
    /// What becomes of the output projections.
    var pruning: PruningMethod {
        switch self {
        case .nested: .nested
        case .flap: .compensated
        case .wandaSP, .magnitude, .random: .plain
        case .shortgpt, .sleb: .removal
        }
    }

    /// How rates may be found with the method, its own way first.
    var allocations: [PruneOptions.Allocation] {
        switch self {
        case .nested: [.search, .uniform, .owl]
        case .wandaSP, .magnitude, .random: [.uniform, .owl, .search]
        case .flap: [.global, .uniform, .owl]
        case .shortgpt, .sleb: [.blocks]
        }
    }

    /// Why there is nothing to search.
    fileprivate var decision: String? {
        switch self {
        case .nested, .wandaSP, .magnitude, .random: nil
        case .flap: "sets one threshold for all sublayers at once"
        case .shortgpt, .sleb: "removes whole blocks in an order of its own"
        }
    }

    /// Other orders of units make sense; the rest is its order.
    var takesOrders: Bool { self == .nested || self == .wandaSP }

    /// Whether it looks at activations at all; allocations may for it.
    var needsCalibration: Bool { self == .nested || self == .wandaSP || self == .flap }
}

extension SearchOptions {
    var unitOrder: any UnitOrder {
        switch order {
        case .auto: ownOrder
        case .surgeon: SurgeonOrder(ridge: ridge)
        case .forward: ForwardOrder(ridge: ridge)
        case .flap: FluctuationOrder()
        case .wanda: WandaOrder()
        case .magnitude: MagnitudeOrder()
        case .random: RandomOrder(seed: seed)
        }
    }

    private var ownOrder: any UnitOrder {
        switch method {
        case .nested: AutomaticOrder(ridge: ridge)
        case .wandaSP, .shortgpt, .sleb: WandaOrder()
        case .magnitude: MagnitudeOrder()
        case .random: RandomOrder(seed: seed)
        case .flap: FLAPOrder()
        }
    }

    /// Whether the order of units asks what errors of the outputs cost.
    var needsGradients: Bool {
        guard gradientTokens > 0 else { return false }
        switch order {
        case .auto: return method == .nested
        case .surgeon, .forward: return true
        case .flap, .wanda, .magnitude, .random: return false
        }
    }

    /// Whether the second moments of pairs of inputs are needed.
    var needsProducts: Bool {
        method == .nested || [.surgeon, .forward, .flap].contains(order)
    }

    var settledVocabularyShare: Double { vocabularyShare ?? (method == .nested ? 1 / 6.0 : 0) }

    var attentionUnit: AttentionUnit {
        switch attentionUnits {
        case .auto: method == .nested ? .head : .group
        case .groups: .group
        case .heads: .head
        }
    }

    /// Without `auto`.
    var settledAttentionUnits: AttentionUnits { attentionUnit == .head ? .heads : .groups }

    var settledChannelStep: Int? { channelStep ?? (method == .flap && alignment == nil ? 1 : nil) }

    /// - Throws: `SelfPrunerError.badOption` for a method that leaves nothing to search.
    func checkSearch() throws(SelfPrunerError) {
        guard let decision = method.decision else { return }
        throw SelfPrunerError(
            .badOption,
            "The method \(method.rawValue) \(decision), so there is nothing to search; `selfpruner prune` takes it")
    }
}

extension PruneOptions {
    var settledAllocation: Allocation {
        if let allocation { return allocation }
        let allocations = search.method.allocations
        return search.proposer == .uniform && allocations.contains(.uniform) ? .uniform : allocations[0]
    }

    /// - Throws: `SelfPrunerError.badOption` for an allocation that does not go with the method.
    func checkAllocation() throws(SelfPrunerError) {
        let (method, allocation) = (search.method, settledAllocation)
        if allocation == .global, search.attentionUnit == .head {
            throw SelfPrunerError(
                .badOption,
                "The allocation global has one threshold over whole units, so that attentions can only be cut by groups; "
                    + "to cut them by heads, ask for the allocation uniform or owl")
        }
        if method.allocations.contains(allocation) { return }
        var sentence = "The method \(method.rawValue) does not go with the allocation \(allocation.rawValue)"
        if let decision = method.decision {
            sentence += ": it \(decision)" + (allocation == .search ? ", so there is nothing to search" : "")
        }
        sentence += "; it goes with " + method.allocations.map(\.rawValue).joined(separator: ", ")
        throw SelfPrunerError(.badOption, sentence)
    }
}
