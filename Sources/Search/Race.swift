/// How far candidates go: all are measured on the first rung, few on the last.
package struct Race: Hashable, Codable, Sendable {
    /// Share of those on each rung that goes on to the next; at least one candidate does.
    package var shares: [Double]

    package init(shares: [Double] = []) { self.shares = shares }

    package var rungs: Int { shares.count + 1 }

    /// Who goes on from `rung`: the best of those on it, as many as its share, and all that tie with the last of
    /// them, provided that they would be among the best of all that were measured on this rung: `pool` of the first
    /// rung, and of every other as many as the shares let through of them.
    /// - Parameters:
    ///   - members: the generation. Only those with a finite score on the rung count.
    ///   - all: everything evaluated so far, the generation included.
    func promoted(from rung: Int, _ members: [FitnessRecord], among all: [FitnessRecord], pool: Int) -> [Int] {
        let field = members.filter { $0.scores.count > rung }
        let ranked = field.filter { $0.scores[rung].isFinite }
            .sorted { ($0.scores[rung], $0.index) < ($1.scores[rung], $1.index) }
        let quota = max(1, Int((shares[rung] * Double(field.count)).rounded()))
        guard let last = ranked.prefix(quota).last else { return [] }
        let known = all.compactMap { $0.scores.count > rung ? $0.scores[rung] : nil }.sorted()
        let places = Int((shares[..<rung].reduce(Double(pool), *)).rounded())
        let bound = min(last.scores[rung], known[min(max(places, 1), known.count) - 1])
        return ranked.filter { $0.scores[rung] <= bound }.map(\.index)
    }
}
