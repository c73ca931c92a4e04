/// The columns of an output projection in the order in which levels keep them: a number of units keeps a prefix.
package struct ColumnOrder: Sendable, Equatable {
    /// Units, most important first.
    package let units: [Int]
    /// All columns of the projection: those kept of the first unit, of the second and so on, then those that no level
    /// keeps.
    package let columns: [Int]
    /// Columns that are kept of each unit.
    package let unitSize: Int

    /// Whole units.
    package init(units: [Int], of projection: OutputProjection) {
        precondition(units.count == projection.units)
        let size = projection.unitSize
        self.units = units
        columns = units.flatMap { $0 * size..<($0 + 1) * size }
        unitSize = size
    }

    /// Key/value groups as units, of each of which some query heads are kept.
    package init(_ order: HeadOrder, headSize: Int, of projection: OutputProjection) {
        let kept = order.heads.joined().flatMap { $0 * headSize..<($0 + 1) * headSize }
        var isKept = [Bool](repeating: false, count: projection.columns)
        for column in kept { isKept[column] = true }
        units = order.groups
        columns = kept + isKept.indices.filter { !isKept[$0] }
        unitSize = kept.count / max(order.groups.count, 1)
    }

    /// Columns that all units together keep.
    package var keptColumns: Int { units.count * unitSize }

    package func kept(_ units: Int) -> ArraySlice<Int> { columns[..<(units * unitSize)] }

    package func gone(_ units: Int) -> ArraySlice<Int> { columns[(units * unitSize)...] }
}
