/// A point of the search space: one level per sublayer, in the space's order. A level is an index into the sublayer's
/// table of kept units (`SearchSpace.Sublayer.units`): 0 is the smallest, the last is the whole sublayer.
package struct Candidate: Hashable, Codable, Sendable {
    package var levels: [Int]

    package init(levels: [Int]) { self.levels = levels }
}
