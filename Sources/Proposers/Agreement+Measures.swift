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

    /// How many moves take from a part that the model needs less than the one they give to.
    init?(moves: [Move], scores: [Double]?) {
        guard let scores, !moves.isEmpty else { return nil }
        let sensible = moves.filter { scores[$0.from] < scores[$0.to] }.count
        self.init(share: Double(sensible) / Double(moves.count), chance: 0.5)
    }
}
