import Calibration

/// Which query heads of every key/value group stay where each keeps equally many, and which groups go first.
package struct HeadOrder: Sendable, Equatable {
    /// Groups, most important first.
    package let groups: [Int]
    /// The heads that stay of each of `groups`, ascending; heads are numbered over all groups.
    package let heads: [[Int]]

    /// - Parameters:
    ///   - groups: most important first.
    ///   - kept: the heads that stay of group 0, of group 1 and so on.
    package init(groups: [Int], kept: [[Int]]) {
        self.groups = groups
        heads = groups.map { kept[$0] }
    }

    /// The most important heads of every group, and groups by the sum of what they keep; the first ones of equals.
    /// - Parameters:
    ///   - importances: one a head, those of a group next to each other.
    ///   - count: heads that every group keeps.
    init(_ importances: [Double], headsPerGroup: Int, keeping count: Int) {
        let kept = (0..<importances.count / headsPerGroup).map { group in
            Array(group * headsPerGroup..<(group + 1) * headsPerGroup)
                .sorted { (importances[$0], $1) > (importances[$1], $0) }
                .prefix(count).sorted()
        }
        let sums = kept.map { heads in heads.reduce(0.0) { $0 + importances[$1] } }
        self.init(groups: sums.indices.sorted { (sums[$0], $1) > (sums[$1], $0) }, kept: kept)
    }
}

extension UnitOrder {
    /// By rank: the first of n units has n, the last one 1.
    package func importances(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        let order = order(projection, moments)
        var importances = [Double](repeating: 0, count: order.count)
        for (place, unit) in order.enumerated() { importances[unit] = Double(order.count - place) }
        return importances
    }

    package func headOrders(
        _ projection: OutputProjection, _ moments: ActivationMoments, headsPerGroup: Int, counts: [Int]
    ) -> [HeadOrder] {
        let importances = importances(projection, moments)
        return counts.map { HeadOrder(importances, headsPerGroup: headsPerGroup, keeping: $0) }
    }
}

extension ScoredOrder {
    /// The scores. What is not a number counts as the least of those that are, and infinity as the greatest, so that sums
    /// can be compared.
    package func importances(_ projection: OutputProjection, _ moments: ActivationMoments) -> [Double] {
        let scores = scores(projection, moments)
        let finite = scores.filter(\.isFinite)
        let (least, greatest) = (finite.min() ?? 0, finite.max() ?? 0)
        return scores.map { $0.isFinite ? $0 : $0 == .infinity ? greatest : least }
    }
}
