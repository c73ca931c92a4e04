/// How many of the space's parameters a candidate may keep.
package struct Budget: Hashable, Codable, Sendable {
    package var maximumParameters: Int

    package init(maximumParameters: Int) { self.maximumParameters = maximumParameters }

    /// Removes at least `rate` of the parameters that `space` counts.
    /// - Throws: `SearchError` `badBudget` when `rate` is outside 0…1 or the minimum levels alone keep more.
    package init(rate: Double, of space: SearchSpace) throws(SearchError) {
        guard rate >= 0, rate <= 1 else {
            throw SearchError(.badBudget, "The target rate must lie between 0 and 1, not \(rate)")
        }
        // 0.55 × 100 is 55.00000000000001 in binary: what is an integer but for rounding is not rounded up.
        let removed = rate * Double(space.fullParameters)
        let whole = Int((removed - 4 * removed.ulp).rounded(.up))
        maximumParameters = space.fullParameters - min(max(whole, 0), space.fullParameters)
        try check(in: space)
    }

    /// - Throws: `SearchError` `badBudget` when even the minimum levels keep more.
    package func check(in space: SearchSpace) throws(SearchError) {
        guard space.minimumParameters <= maximumParameters else {
            throw SearchError(
                .badBudget,
                "The budget of \(maximumParameters) parameters is below the \(space.minimumParameters) "
                    + "that the minimum levels keep")
        }
    }
}
