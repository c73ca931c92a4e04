import Search

extension Agreement {
    /// How many values of a child are those of some parent.
    init(child: [Int], parents: [[Int]], genes: [Gene]) {
        var (same, chance) = (0.0, 0.0)
        for (place, value) in child.enumerated() {
            let values = Set(parents.map { $0[place] })
            if values.contains(value) { same += 1 }
            chance += Double(values.count) / Double(genes[place].top + 1)
        }
        let count = Double(max(child.count, 1))
        self.init(share: same / count, chance: chance / count)
    }

    /// How many moves take from a part that the model needs less than the one they give to; by chance, of all moves
    /// between a part that has something and one that is not whole.
    /// - Parameter values: of the parent, one for each gene.
    init?(moves: [Move], scores: [Double]?, of values: [Int], genes: [Gene]) {
        guard let scores, !moves.isEmpty else { return nil }
        let sensible = moves.filter { scores[$0.from] < scores[$0.to] }.count
        let donors = genes.indices.filter { values[$0] > 0 }
        let receivers = genes.indices.filter { values[$0] < genes[$0].top }
        let pairs = donors.reduce(0) { sum, donor in sum + receivers.count { scores[donor] < scores[$0] } }
        self.init(
            share: Double(sensible) / Double(moves.count),
            chance: Double(pairs) / Double(max(donors.count * receivers.count, 1)))
    }
}
