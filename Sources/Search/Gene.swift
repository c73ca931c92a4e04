/// What proposers move independently: the levels of one sublayer, or of the sublayers of one block that share a rate.
/// A gene's value is an index into `options`. Budgets and operators work on gene values, so that both granularities
/// go through the same code.
package struct Gene: Hashable, Sendable {
    /// Indices of the sublayers.
    package let members: [Int]
    /// Levels of the members at each option.
    package let options: [[Int]]
    /// Parameters kept at each option, strictly increasing. Never empty.
    package let parameters: [Int]

    package var top: Int { parameters.count - 1 }

    /// The option whose parameter count is nearest; the smaller one on a tie.
    package func nearest(toParameters target: Double) -> Int {
        parameters.nearestIndex(to: target)
    }
}

extension Gene {
    /// The options that remove a fraction of the gene's parameters within `rates`; the nearest one when none does, and of
    /// two as near the one that removes less.
    func limited(to rates: ClosedRange<Double>) -> Gene {
        let full = Double(max(parameters[top], 1))
        let removed = parameters.map { 1 - Double($0) / full }
        let slack = 1e-9
        var kept = removed.indices.filter {
            removed[$0] >= rates.lowerBound - slack && removed[$0] <= rates.upperBound + slack
        }
        if kept.isEmpty {
            func distance(_ rate: Double) -> Double { max(rates.lowerBound - rate, rate - rates.upperBound) }
            let nearest = removed.map(distance).min() ?? 0
            kept = [removed.indices.last { distance(removed[$0]) <= nearest + slack } ?? top]
        }
        return Gene(members: members, options: kept.map { options[$0] }, parameters: kept.map { parameters[$0] })
    }

    /// Every allowed level of one sublayer.
    init(sublayer index: Int, of sublayers: [SearchSpace.Sublayer]) {
        let sublayer = sublayers[index]
        let levels = sublayer.minimumLevel...sublayer.fullLevel
        members = [index]
        options = levels.map { [$0] }
        parameters = Array(sublayer.parameters[levels])
    }

    /// One rate for the sublayers of a block. The grid of rates is as fine as the finest member's levels. At each rate
    /// every attention takes the level nearest to it, and the last MLP the level that comes nearest to what is left of
    /// the block's share. Minimum levels are honoured, and of rates that give no more parameters than the rate below
    /// only the lower one stays.
    init(block members: [Int], of sublayers: [SearchSpace.Sublayer]) {
        let order = members.filter { sublayers[$0].kind == .attention } + members.filter { sublayers[$0].kind == .mlp }
        let full = order.reduce(0) { $0 + sublayers[$1].fullParameters }
        let steps = order.map { sublayers[$0].fullLevel }.max() ?? 0

        var options: [[Int]] = []
        var parameters: [Int] = []
        for step in 0...steps {
            let kept = steps == 0 ? 1 : Double(step) / Double(steps)
            var levels: [Int: Int] = [:]
            var total = 0
            for (place, index) in order.enumerated() {
                let sublayer = sublayers[index]
                let takesTheRest = place == order.count - 1 && sublayer.kind == .mlp
                let share = kept * Double(takesTheRest ? full : sublayer.fullParameters)
                let target = takesTheRest ? share - Double(total) : share
                let level = max(sublayer.parameters.nearestIndex(to: target), sublayer.minimumLevel)
                levels[index] = level
                total += sublayer.parameters[level]
            }
            guard parameters.last.map({ $0 < total }) ?? true else { continue }
            options.append(members.compactMap { levels[$0] })
            parameters.append(total)
        }
        self.members = members
        self.options = options
        self.parameters = parameters
    }
}

extension SearchSpace {
    /// The candidate with these gene values, which must be in range.
    package func candidate(genes values: [Int]) -> Candidate {
        precondition(values.count == genes.count, "one value per gene")
        var levels = [Int](repeating: 0, count: sublayers.count)
        for (gene, value) in zip(genes, values) {
            for (member, level) in zip(gene.members, gene.options[value]) { levels[member] = level }
        }
        return Candidate(levels: levels)
    }

    /// The gene values nearest to any integer vector: levels are clamped to what their sublayers have, then each gene
    /// takes the option with the nearest parameter count (the smaller on a tie).
    /// - Throws: `SearchError` `badCandidate` when the number of levels is wrong.
    package func genes(nearest levels: [Int]) throws(SearchError) -> [Int] {
        try checkLength(levels)
        return genes.map { gene in
            let kept = gene.members.reduce(0) { sum, member in
                let sublayer = sublayers[member]
                return sum + sublayer.parameters[min(max(levels[member], sublayer.minimumLevel), sublayer.fullLevel)]
            }
            return gene.nearest(toParameters: Double(kept))
        }
    }

    /// Parameters kept at these gene values.
    func parameters(ofGenes values: [Int]) -> Int {
        zip(genes, values).reduce(0) { $0 + $1.0.parameters[$1.1] }
    }
}

extension [Int] {
    /// Index of the entry nearest to `target` in an increasing table, the smaller on a tie.
    func nearestIndex(to target: Double) -> Int {
        var best = 0
        for index in indices where abs(Double(self[index]) - target) < abs(Double(self[best]) - target) {
            best = index
        }
        return best
    }
}
