import Calibration
import Factors
import Testing

struct AttentionPlanTests {
    private struct Example {
        let whole: AttentionShape
        let headSize: Int
        let problem: Problem

        init(_ groups: Int, _ headsPerGroup: Int, headSize: Int = 2, hasBias: Bool = true, seed: UInt64) {
            whole = AttentionShape(groups: groups, headsPerGroup: headsPerGroup)
            self.headSize = headSize
            problem = Problem(
                tokens: 120, columns: whole.queryHeads * headSize, outputs: 6, unitSize: headsPerGroup * headSize,
                hasBias: hasBias, seed: seed)
        }

        func plan(
            _ method: PruningMethod, _ unit: AttentionUnit = .head, order: any UnitOrder = SurgeonOrder(ridge: 0.01)
        ) throws -> AttentionPlan {
            try AttentionPlan(
                problem.projection, problem.moments, whole, unit: unit, method: method, ridge: 0.01, order: order)
        }

        /// Columns of a shape, in the order in which its projection reads them.
        func columns(_ shape: AttentionShape, _ plan: AttentionPlan) -> [Int] {
            plan.kept(shape).heads.flatMap { $0 * headSize..<($0 + 1) * headSize }
        }

        func projection(_ shape: AttentionShape, _ plan: AttentionPlan) -> (weights: [Float], bias: [Float]?) {
            plan.plan(headsPerGroup: shape.headsPerGroup).projection(keeping: shape.groups)
        }
    }

    private static func examples() -> [Example] {
        [
            Example(2, 2, seed: 1), Example(3, 3, seed: 2), Example(1, 4, headSize: 3, hasBias: false, seed: 3),
            Example(3, 1, seed: 4), Example(2, 3, headSize: 1, seed: 5),
        ]
    }

    /// What a shape keeps: as many groups as it says, and of each as many heads, those of the first group first.
    @Test(arguments: [PruningMethod.nested, .plain, .compensated])
    func shapesKeepWhatTheySay(_ method: PruningMethod) throws {
        for example in Self.examples() {
            let plan = try example.plan(method)
            for shape in example.whole.parts(.head) {
                let kept = plan.kept(shape)
                #expect(Set(kept.groups).count == shape.groups && Set(kept.heads).count == shape.queryHeads)
                let owners = kept.heads.map { $0 / example.whole.headsPerGroup }
                #expect(owners == kept.groups.flatMap { [Int](repeating: $0, count: shape.headsPerGroup) })
            }
            #expect(plan.kept(.nothing).groups.isEmpty && plan.kept(.nothing).heads.isEmpty)
        }
    }

    /// Every shape's weights, bias and error are those of a least-squares fit of the full output to its own columns.
    @Test func everyShapeEqualsTheDirectSolution() throws {
        for example in Self.examples() {
            let (problem, plan) = (example.problem, try example.plan(.nested))
            let (covariance, means) = (problem.covariance, problem.means)
            let shift = problem.shift(0.01, covariance)
            let total = try #require(plan.residualError(.nothing))
            for shape in [.nothing] + example.whole.parts(.head) {
                let kept = example.columns(shape, plan)
                let (weights, bias) = example.projection(shape, plan)
                let expected = problem.directFit(kept: kept, shift: shift, covariance: covariance, means: means)
                #expect(weights.count == expected.weights.count)
                let largest = expected.weights.map(abs).max() ?? 0
                for (value, wanted) in zip(weights, expected.weights) {
                    #expect(abs(Double(value) - wanted) <= 2e-4 * largest, "\(shape)")
                }
                let biases = try #require(bias)
                for (value, wanted) in zip(biases, expected.bias) { #expect(abs(Double(value) - wanted) < 2e-4) }
                let error = problem.refitError(kept: kept, shift: shift, covariance: covariance)
                let stated = try #require(plan.residualError(shape))
                #expect(abs(stated - error) <= 1e-4 * error + 1e-6 * total, "\(shape): \(stated) and \(error)")
                #expect(plan.loss(shape) == stated)
            }
        }
    }

    /// More groups, or more heads of each, never lose more.
    @Test(arguments: [PruningMethod.nested, .plain, .compensated])
    func moreLosesLess(_ method: PruningMethod) throws {
        for example in Self.examples() {
            let plan = try example.plan(method, order: WandaOrder())
            let all = plan.loss(.nothing)
            #expect(all > 0 && plan.loss(example.whole) <= 1e-9 * all)
            for count in AttentionShape.headCounts(of: example.whole.headsPerGroup, .head) {
                let losses = (0...example.whole.groups).map {
                    plan.loss(AttentionShape(groups: $0, headsPerGroup: count))
                }
                #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 >= $1 - 1e-9 * all })
            }
        }
    }

    /// Groups with all their heads are cut as they are without the freedom.
    @Test(arguments: PruningMethod.allCases)
    func wholeGroupsAreAsBefore(_ method: PruningMethod) throws {
        for example in Self.examples() {
            let problem = example.problem
            let sublayer = try SublayerPlan(
                problem.projection, problem.moments, method: method, ridge: 0.01, order: SurgeonOrder(ridge: 0.01))
            for unit in [AttentionUnit.group, .head] {
                let plan = try example.plan(method, unit)
                #expect(plan.groups.order == sublayer.order)
                for groups in 0...example.whole.groups {
                    let shape = AttentionShape(groups: groups, headsPerGroup: example.whole.headsPerGroup)
                    let (made, expected) = (
                        example.projection(shape, plan), sublayer.projection(keeping: groups)
                    )
                    #expect(made.weights == expected.weights && made.bias == expected.bias)
                }
            }
        }
    }

    /// Without a refit the kept columns are as they were; the bias is the layer's own, or makes up for the mean.
    @Test func keptColumnsStayWithoutARefit() throws {
        for example in Self.examples() {
            let problem = example.problem
            let means = problem.means
            for method in [PruningMethod.plain, .compensated] {
                let plan = try example.plan(method, order: FLAPOrder())
                for shape in [.nothing] + example.whole.parts(.head) {
                    let kept = example.columns(shape, plan)
                    let (weights, bias) = example.projection(shape, plan)
                    #expect(
                        weights
                            == (0..<6).flatMap { row in
                                kept.map { problem.projection.weights[row * problem.columns + $0] }
                            })
                    guard method == .compensated else {
                        #expect(bias == problem.projection.bias)
                        continue
                    }
                    let gone = Set(0..<problem.columns).subtracting(kept)
                    for (row, value) in try #require(bias).enumerated() {
                        let own = Double(problem.projection.bias?[row] ?? 0)
                        let expected = gone.reduce(own) { $0 + problem.weight(row, $1) * means[$1] }
                        #expect(abs(Double(value) - expected) < 1e-5)
                    }
                }
            }
        }
    }

    @Test func theMemoryIsKnownBefore() throws {
        for example in Self.examples() {
            for unit in [AttentionUnit.group, .head] {
                let bytes = AttentionPlan.byteCount(
                    example.whole, headSize: example.headSize, outputs: example.problem.outputs, unit: unit)
                #expect(try example.plan(.nested, unit).byteCount == bytes)
            }
            #expect(try example.plan(.plain).byteCount == 0)
        }
    }

    @Test func numbersOfHeadsAreFew() {
        #expect(AttentionShape.headCounts(of: 0, .head).isEmpty)
        #expect(AttentionShape.headCounts(of: 1, .head) == [1])
        #expect(AttentionShape.headCounts(of: 3, .head) == [1, 2, 3])
        #expect(AttentionShape.headCounts(of: 3, .group) == [3])
        #expect(AttentionShape.headCounts(of: 8, .head) == Array(1...8))
        #expect(AttentionShape.headCounts(of: 12, .head) == [1, 3, 4, 6, 7, 9, 10, 12])
        for heads in 9...100 {
            let counts = AttentionShape.headCounts(of: heads, .head)
            #expect(counts.count == 8 && Set(counts).count == 8 && counts.last == heads && counts[0] >= 1)
        }
        let shape = AttentionShape(groups: 2, headsPerGroup: 2)
        #expect(Set(shape.parts(.head).map(\.queryHeads)) == [1, 2, 4] && shape.parts(.head).count == 4)
        #expect(shape.parts(.group).map(\.groups) == [1, 2])
    }
}
