/// What a level keeps of one attention: key/value groups, and equally many query heads of each, so that query heads are a
/// multiple of key/value heads and every program loads it.
package struct AttentionShape: Hashable, Sendable {
    /// Key/value heads.
    package var groups: Int
    /// Query heads of each group.
    package var headsPerGroup: Int

    package init(groups: Int, headsPerGroup: Int) {
        self.groups = groups
        self.headsPerGroup = headsPerGroup
    }

    /// Nothing at all.
    package static let nothing = AttentionShape(groups: 0, headsPerGroup: 0)

    package var queryHeads: Int { groups * headsPerGroup }
}

/// What an attention is cut by.
package enum AttentionUnit: Sendable {
    /// Key/value groups with all of their query heads.
    case group
    /// Groups, and query heads of every group that is kept, equally many of each.
    case head
}

extension AttentionShape {
    /// Numbers of query heads that a group may keep of its own, ascending, all of them last: eight at most, evenly
    /// spread, since each needs a factor of its own (`AttentionPlan`).
    package static func headCounts(of headsPerGroup: Int, _ unit: AttentionUnit) -> [Int] {
        guard headsPerGroup > 0 else { return [] }
        guard unit == .head else { return [headsPerGroup] }
        let most = min(headsPerGroup, 8)
        return (1...most).map { $0 * headsPerGroup / most }
    }

    /// All shapes that may be kept of this one, except nothing.
    package func parts(_ unit: AttentionUnit) -> [AttentionShape] {
        (0..<groups).flatMap { group in
            Self.headCounts(of: headsPerGroup, unit).map { AttentionShape(groups: group + 1, headsPerGroup: $0) }
        }
    }
}
