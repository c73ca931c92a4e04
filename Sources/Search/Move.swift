/// Takes steps from one gene and gives the parameters to another.
package struct Move: Hashable, Codable, Sendable {
    /// Index of the gene that loses.
    package var from: Int
    /// Index of the gene that gains.
    package var to: Int
    /// Options that `from` goes down. `to` goes up as far as the parameters freed allow.
    package var steps: Int

    package init(from: Int, to: Int, steps: Int) {
        self.from = from
        self.to = to
        self.steps = steps
    }
}

extension SearchSpace {
    /// Gene values after some moves, within the budget when `values` are. Moves that name no gene, or that change
    /// nothing, have no effect.
    package func applying(_ moves: [Move], to values: [Int], budget: Budget) -> [Int] {
        var values = values
        for move in moves {
            guard genes.indices.contains(move.from), genes.indices.contains(move.to), move.from != move.to,
                move.steps > 0
            else { continue }
            let parameters = genes[move.to].parameters
            let lowered = max(0, values[move.from] - min(move.steps, values[move.from]))
            let freed = genes[move.from].parameters[values[move.from]] - genes[move.from].parameters[lowered]
            let slack = max(0, budget.maximumParameters - self.parameters(ofGenes: values))
            let limit = parameters[values[move.to]] + freed + slack
            guard let raised = parameters.lastIndex(where: { $0 <= limit }), raised > values[move.to] else { continue }
            (values[move.from], values[move.to]) = (lowered, raised)
        }
        return values
    }
}

/// A past mutation as a proposer may learn from it.
package struct MoveRecord: Hashable, Sendable {
    /// Change of each gene that changed.
    package var changes: [(gene: Int, by: Int)] { zip(genes, amounts).map { ($0, $1) } }
    package var genes: [Int]
    package var amounts: [Int]
    /// The child was fitter than its parent on the first rung.
    package var isAccepted: Bool
}

extension SearchState {
    /// What children with one parent changed, latest first.
    package func moves(limit: Int) -> [MoveRecord] {
        var moves: [MoveRecord] = []
        for record in records.reversed() where moves.count < limit {
            guard record.parents.count == 1, records.indices.contains(record.parents[0]),
                let score = record.scores.first, let old = records[record.parents[0]].scores.first,
                let child = try? space.genes(nearest: record.candidate.levels),
                let parent = try? space.genes(nearest: records[record.parents[0]].candidate.levels)
            else { continue }
            let changed = child.indices.filter { child[$0] != parent[$0] }
            guard !changed.isEmpty, changed.count <= 8 else { continue }
            moves.append(
                MoveRecord(
                    genes: changed, amounts: changed.map { child[$0] - parent[$0] }, isAccepted: score < old))
        }
        return moves
    }
}
