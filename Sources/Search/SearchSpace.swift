/// What the search may choose: per sublayer, in the order the data flows, a level; per level an exact number of kept
/// units and parameters. The space knows nothing of tensors.
package struct SearchSpace: Hashable, Sendable {
    package enum SublayerKind: String, Hashable, Codable, Sendable { case attention, mlp }

    /// What moves together.
    package enum Granularity: String, Hashable, Codable, Sendable, CaseIterable {
        /// One rate for both sublayers of a block: attention takes its level nearest to the rate, the MLP the rest.
        case layer
        /// Attention and MLP apart.
        case sublayer
    }

    package struct Sublayer: Hashable, Codable, Sendable {
        package var kind: SublayerKind
        /// Index of the decoder block.
        package var block: Int
        /// Units kept at each level (groups or channels); the last entry is the whole sublayer. Strictly increasing where
        /// units are kept whole.
        package var units: [Int]
        /// Query heads that each group keeps of its own, per level; `nil` where units are kept whole.
        package var heads: [Int]?
        /// Parameters kept at each level, strictly increasing.
        package var parameters: [Int]
        /// The lowest level the search may choose.
        package var minimumLevel: Int

        package init(
            kind: SublayerKind, block: Int, units: [Int], heads: [Int]? = nil, parameters: [Int], minimumLevel: Int = 0
        ) {
            self.kind = kind
            self.block = block
            self.units = units
            self.heads = heads
            self.parameters = parameters
            self.minimumLevel = minimumLevel
        }

        package var fullLevel: Int { parameters.count - 1 }
        package var fullParameters: Int { parameters.last ?? 0 }
    }

    package let sublayers: [Sublayer]
    package let granularity: Granularity
    /// What proposers move: one gene per sublayer, or one per block.
    package let genes: [Gene]
    /// Parameters of the whole model, as far as the space counts them.
    package let fullParameters: Int
    /// Parameters at the lowest levels allowed.
    package let minimumParameters: Int

    /// - Parameter rates: bounds of the fraction of its parameters that a gene may lose; where no option lies within
    ///   them, the nearest ones do.
    /// - Throws: `SearchError` `badSpace`, naming the sublayer.
    package init(
        sublayers: [Sublayer], granularity: Granularity = .sublayer, rates: ClosedRange<Double>? = nil
    ) throws(SearchError) {
        guard !sublayers.isEmpty else { throw SearchError(.badSpace, "The search space has no sublayers") }
        var full = 0
        for (index, sublayer) in sublayers.enumerated() {
            try Self.check(sublayer, index)
            let (sum, overflow) = full.addingReportingOverflow(sublayer.fullParameters)
            // Leaves room for a second sum of the same size, so that differences and sums below never overflow.
            guard !overflow, sum <= Int.max / 4 else {
                throw SearchError(.badSpace, "The search space has more parameters than can be counted")
            }
            full = sum
        }
        self.sublayers = sublayers
        self.granularity = granularity
        let whole =
            switch granularity {
            case .sublayer: sublayers.indices.map { Gene(sublayer: $0, of: sublayers) }
            case .layer: Self.blocks(of: sublayers).map { Gene(block: $0, of: sublayers) }
            }
        genes = rates.map { rates in whole.map { $0.limited(to: rates) } } ?? whole
        fullParameters = full
        minimumParameters = genes.reduce(0) { $0 + $1.parameters[0] }
    }

    private static func check(_ sublayer: Sublayer, _ index: Int) throws(SearchError) {
        let name = "Sublayer \(index) (\(sublayer.kind.rawValue) of block \(sublayer.block))"
        guard !sublayer.parameters.isEmpty, sublayer.units.count == sublayer.parameters.count else {
            throw SearchError(
                .badSpace,
                "\(name) has \(sublayer.units.count) unit counts and \(sublayer.parameters.count) parameter counts")
        }
        if let heads = sublayer.heads {
            guard heads.count == sublayer.units.count, (heads + sublayer.units).allSatisfy({ $0 >= 0 }) else {
                throw SearchError(.badSpace, "\(name) has levels without a number of heads, or with less than none")
            }
        }
        for table in sublayer.heads == nil ? [sublayer.units, sublayer.parameters] : [sublayer.parameters] {
            guard table[0] >= 0, zip(table, table.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw SearchError(.badSpace, "\(name) has a table of levels that does not increase")
            }
        }
        guard sublayer.parameters.indices.contains(sublayer.minimumLevel) else {
            throw SearchError(
                .badSpace, "\(name) has no level \(sublayer.minimumLevel), which is to be its lowest")
        }
    }

    /// Sublayer indices by block, blocks in order of appearance.
    private static func blocks(of sublayers: [Sublayer]) -> [[Int]] {
        var order: [Int] = []
        var members: [Int: [Int]] = [:]
        for (index, sublayer) in sublayers.enumerated() {
            if members[sublayer.block] == nil { order.append(sublayer.block) }
            members[sublayer.block, default: []].append(index)
        }
        return order.compactMap { members[$0] }
    }
}
