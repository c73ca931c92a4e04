import Calibration
import Factors
import Testing

/// Query heads of key/value groups that all keep equally many.
struct HeadOrderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var problem: Problem
        var headsPerGroup: Int
        var ridge = 0.01

        init(
            groups: Int, headsPerGroup: Int, headSize: Int, outputs: Int = 7, scales: [Int: Float] = [:], seed: UInt64,
            ridge: Double = 0.01
        ) {
            testDescription = "\(groups) groups of \(headsPerGroup) heads of \(headSize), seed \(seed)"
            problem = Problem(
                tokens: 90, columns: groups * headsPerGroup * headSize, outputs: outputs, unitSize: headSize,
                hasBias: false, scales: scales, seed: seed)
            self.headsPerGroup = headsPerGroup
            self.ridge = ridge
        }

        var counts: [Int] { Array(1..<headsPerGroup) }

        func orders(_ order: some UnitOrder, _ counts: [Int]? = nil) -> [HeadOrder] {
            order.headOrders(
                problem.projection, problem.moments, headsPerGroup: headsPerGroup, counts: counts ?? self.counts)
        }
    }

    static let cases = [
        Case(groups: 2, headsPerGroup: 2, headSize: 3, seed: 1),
        Case(groups: 2, headsPerGroup: 2, headSize: 1, seed: 2),
        Case(groups: 3, headsPerGroup: 3, headSize: 2, seed: 3),
        Case(groups: 3, headsPerGroup: 3, headSize: 2, seed: 4),
        Case(groups: 1, headsPerGroup: 4, headSize: 2, seed: 5),
        Case(groups: 4, headsPerGroup: 4, headSize: 1, seed: 6),
        Case(groups: 2, headsPerGroup: 3, headSize: 3, scales: [4: 100], seed: 7, ridge: 1e-3),
        Case(groups: 2, headsPerGroup: 3, headSize: 2, scales: [5: 0], seed: 8),
        Case(groups: 3, headsPerGroup: 2, headSize: 2, outputs: 20, seed: 9, ridge: 1),
    ]

    // MARK: The surgeon

    /// Every choice made by solving for the refit of every alternative: rounds in which every group loses a head.
    private func definition(_ example: Case) -> [Int: HeadOrder] {
        let (problem, perGroup, size) = (example.problem, example.headsPerGroup, example.problem.projection.unitSize)
        let covariance = problem.covariance
        let shift = problem.shift(example.ridge, covariance)
        func error(_ heads: [Int]) -> Double {
            problem.refitError(
                kept: heads.flatMap { $0 * size..<($0 + 1) * size }, shift: shift, covariance: covariance)
        }
        var heads = Array(0..<problem.projection.units)
        let groups = heads.count / perGroup
        var orders: [Int: HeadOrder] = [:]
        for kept in stride(from: perGroup - 1, through: 1, by: -1) {
            var pending = Set(0..<groups)
            while !pending.isEmpty {
                let choices = heads.filter { pending.contains($0 / perGroup) }
                let errors = choices.map { choice in error(heads.filter { $0 != choice }) }
                let gone = choices[errors.indices.min { errors[$0] < errors[$1] } ?? 0]
                heads.removeAll { $0 == gone }
                pending.remove(gone / perGroup)
            }
            var (left, removed) = (Array(0..<groups), [Int]())
            while !left.isEmpty {
                let errors = left.map { group in
                    error(heads.filter { left.contains($0 / perGroup) && $0 / perGroup != group })
                }
                removed.append(left.remove(at: errors.indices.min { errors[$0] < errors[$1] } ?? 0))
            }
            orders[kept] = HeadOrder(
                groups: removed.reversed(), kept: (0..<groups).map { group in heads.filter { $0 / perGroup == group } })
        }
        return orders
    }

    @Test(arguments: cases)
    func theSurgeonTakesTheLeastErrorEveryTime(_ example: Case) {
        let expected = definition(example)
        let orders = example.orders(SurgeonOrder(ridge: example.ridge))
        #expect(orders.count == example.counts.count)
        for (count, order) in zip(example.counts, orders) { #expect(order == expected[count], "\(count) heads") }
        // Some of the counts, in any order.
        #expect(
            example.orders(SurgeonOrder(ridge: example.ridge), example.counts.reversed()) == Array(orders.reversed()))
        #expect(example.orders(SurgeonOrder(ridge: example.ridge), [1]) == [orders[0]])
        #expect(example.orders(SurgeonOrder(ridge: example.ridge), []).isEmpty)
        #expect(example.orders(AutomaticOrder(ridge: example.ridge)) == orders)
    }

    /// One head of the only group: all choices are tried.
    @Test(arguments: [2, 3, 5], [UInt64](21...24))
    func oneHeadOfOneGroupIsTheBestOfAll(_ heads: Int, _ seed: UInt64) {
        let example = Case(groups: 1, headsPerGroup: heads, headSize: 2, seed: seed)
        let problem = example.problem
        let covariance = problem.covariance
        let shift = problem.shift(0.01, covariance)
        let errors = (0..<heads).map { gone in
            problem.refitError(
                kept: (0..<heads).filter { $0 != gone }.flatMap { [2 * $0, 2 * $0 + 1] }, shift: shift,
                covariance: covariance)
        }
        let order = example.orders(SurgeonOrder(ridge: 0.01), [heads - 1])[0]
        #expect(order.heads == [(0..<heads).filter { errors[$0] > (errors.min() ?? 0) }])
    }

    /// Inputs that do not depend on each other (Walsh functions): costs add up, and greedy choices are the best.
    @Test(arguments: [UInt64](31...36))
    func independentHeadsAreTheBestOfAll(_ seed: UInt64) {
        var example = Case(groups: 2, headsPerGroup: 2, headSize: 2, seed: seed)
        let (columns, tokens) = (8, 16)
        example.problem.tokens = tokens
        example.problem.inputs = (0..<tokens).flatMap { token in
            (1...columns).map { mask -> Float in (token & mask).nonzeroBitCount.isMultiple(of: 2) ? 1 : -1 }
        }
        let problem = example.problem
        let covariance = problem.covariance
        let shift = problem.shift(0.01, covariance)
        var best: (heads: [Int], error: Double) = ([], .infinity)
        for heads in [[0, 2], [0, 3], [1, 2], [1, 3]] {
            let error = problem.refitError(
                kept: heads.flatMap { [2 * $0, 2 * $0 + 1] }, shift: shift, covariance: covariance)
            if error < best.error { best = (heads, error) }
        }
        let order = example.orders(SurgeonOrder(ridge: 0.01))[0]
        #expect(order.heads.joined().sorted() == best.heads)
    }

    // MARK: Scores and ranks

    /// Norms by hand: heads of 5, 1, 2, 4, 3, 4 in three groups of two, or two of three.
    @Test func scoresKeepTheBestOfEveryGroup() {
        let projection = OutputProjection(
            weights: [5, 1, 2, 4, 3, 4], outputs: 1, columns: 6, unitSize: 1)
        let moments = ActivationMoments(width: 6)
        let orders = MagnitudeOrder().headOrders(projection, moments, headsPerGroup: 2, counts: [1])
        #expect(orders == [HeadOrder(groups: [0, 1, 2], kept: [[0], [3], [5]])])
        // Groups by the sum of what they keep: 7 and 8, then 5 and 4.
        let three = MagnitudeOrder().headOrders(projection, moments, headsPerGroup: 3, counts: [2, 1])
        #expect(three[0] == HeadOrder(groups: [1, 0], kept: [[0, 2], [3, 5]]))
        #expect(three[1] == HeadOrder(groups: [0, 1], kept: [[0], [3]]))
    }

    @Test func scoresThatAreNoNumbersAreTheLeast() {
        var projection = OutputProjection(weights: [5, 1, 2, 4], outputs: 1, columns: 4, unitSize: 1)
        projection.weights[0] = .nan
        let importances = MagnitudeOrder().importances(projection, ActivationMoments(width: 4))
        #expect(importances == [1, 1, 2, 4])
        projection.weights = [.infinity, 1, .nan, 2]
        #expect(MagnitudeOrder().importances(projection, ActivationMoments(width: 4)) == [2, 1, 1, 2])
    }

    @Test func orderWithoutScoresGoesByRank() {
        let example = Case(groups: 3, headsPerGroup: 3, headSize: 2, seed: 41)
        for order in [RandomOrder(seed: 3), ForwardOrder(ridge: 0.01)] as [any UnitOrder] {
            let units = order.order(example.problem.projection, example.problem.moments)
            let importances = order.importances(example.problem.projection, example.problem.moments)
            for (place, unit) in units.enumerated() { #expect(importances[unit] == Double(9 - place)) }
            let found = order.headOrders(
                example.problem.projection, example.problem.moments, headsPerGroup: 3, counts: [1])[0]
            let first = (0..<3).map { group in units.first { $0 / 3 == group } ?? -1 }
            #expect(found.heads == found.groups.map { [first[$0]] })
            #expect(found.groups == units.filter(first.contains).map { $0 / 3 })
        }
    }

    /// What a group keeps of few heads it keeps of more, with every order.
    @Test(arguments: cases)
    func headsAreNested(_ example: Case) {
        for order in DegenerateOrderTests.orders {
            var larger: [[Int]]?
            for found in order.headOrders(
                example.problem.projection, example.problem.moments, headsPerGroup: example.headsPerGroup,
                counts: example.counts.reversed())
            {
                let kept = found.groups.indices.sorted { found.groups[$0] < found.groups[$1] }.map { found.heads[$0] }
                if let larger {
                    for (few, many) in zip(kept, larger) { #expect(Set(few).isSubset(of: many), "\(order)") }
                }
                larger = kept
            }
        }
    }

    /// Whatever it is given: all groups, and of each as many of its own heads as were asked for.
    @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30, 1e-30, 0], [1, 7, 36])
    func anyInputsAndWeights(_ value: Float, _ stride: Int) {
        for changesInputs in [false, true] {
            var example = Case(groups: 3, headsPerGroup: 4, headSize: 3, seed: 51)
            if changesInputs {
                for index in Swift.stride(from: 3, to: example.problem.inputs.count, by: stride) {
                    example.problem.inputs[index] = value
                }
            } else {
                for index in Swift.stride(from: 3, to: 7 * 36, by: stride) {
                    example.problem.projection.weights[index] = value
                }
            }
            for order in DegenerateOrderTests.orders {
                let found = order.headOrders(
                    example.problem.projection, example.problem.moments, headsPerGroup: 4, counts: [1, 2, 3])
                for (count, heads) in zip([1, 2, 3], found) {
                    #expect(heads.groups.sorted() == [0, 1, 2], "\(order)")
                    for (group, kept) in zip(heads.groups, heads.heads) {
                        #expect(Set(kept).count == count && kept == kept.sorted())
                        #expect(kept.allSatisfy { $0 / 4 == group })
                    }
                }
            }
        }
    }
}
