@testable import Search

/// SmolLM2-135M: 30 blocks, hidden 576, 9 query and 3 key/value heads of 64, 1536 channels in steps of 64.
func smolLM2(
    granularity: SearchSpace.Granularity = .sublayer, minimumLevel: Int = 0, blocks: Int = 30
) throws -> SearchSpace {
    let perGroup = 576 * (3 * 64 + 64 + 64) + 576 * 192
    let groups = SearchSpace.groupLevels(groups: 3)
    let channels = SearchSpace.channelLevels(channels: 1536, step: 64)
    return try SearchSpace(
        sublayers: (0..<blocks).flatMap { block in
            [
                SearchSpace.Sublayer(
                    kind: .attention, block: block, units: groups, parameters: groups.map { $0 * perGroup },
                    minimumLevel: minimumLevel),
                SearchSpace.Sublayer(
                    kind: .mlp, block: block, units: channels, parameters: channels.map { $0 * 3 * 576 },
                    minimumLevel: minimumLevel),
            ]
        }, granularity: granularity)
}

/// MLPs of equal, evenly spaced levels: one parameter a step.
func evenSpace(sublayers: Int, levels: Int) throws -> SearchSpace {
    try SearchSpace(
        sublayers: (0..<sublayers).map {
            SearchSpace.Sublayer(kind: .mlp, block: $0, units: Array(0...levels), parameters: Array(0...levels))
        })
}

/// 1 to `sublayers` sublayers of 1 to `levels` levels with steps of random size, random minimum levels, and sometimes
/// parameters that cannot be removed.
func randomSpace(sublayers: Int, levels: Int, _ generator: inout SeededGenerator) throws -> SearchSpace {
    let count = 1 + generator.uniform(below: sublayers)
    let largest = [1, 3, 50, 1_000_000][generator.uniform(below: 4)]
    let isLayer = generator.uniform(below: 2) == 0
    return try SearchSpace(
        sublayers: (0..<count).map { index in
            let top = generator.uniform(below: levels)
            var parameters = [generator.uniform(below: 4) == 0 ? generator.uniform(below: largest + 1) : 0]
            for _ in 0..<top {
                parameters.append(parameters[parameters.count - 1] + 1 + generator.uniform(below: largest))
            }
            return SearchSpace.Sublayer(
                kind: index % 2 == 0 ? .attention : .mlp, block: index / 2, units: Array(0...top),
                parameters: parameters,
                minimumLevel: generator.uniform(below: 3) == 0 ? generator.uniform(below: top + 1) : 0)
        }, granularity: isLayer ? .layer : .sublayer)
}

/// A level vector as bad as a proposer may write it.
func randomLevels(count: Int, _ generator: inout SeededGenerator) -> [Int] {
    (0..<count).map { _ in
        switch generator.uniform(below: 8) {
        case 0: Int.min
        case 1: Int.max
        case 2: -1 - generator.uniform(below: 1000)
        case 3: generator.uniform(below: 1_000_000)
        default: generator.uniform(below: 8)
        }
    }
}

/// A budget that the space can hold: often at an end of what is possible.
func randomBudget(of space: SearchSpace, _ generator: inout SeededGenerator) -> Budget {
    let range = space.fullParameters - space.minimumParameters
    switch generator.uniform(below: 8) {
    case 0: return Budget(maximumParameters: space.minimumParameters)
    case 1: return Budget(maximumParameters: space.fullParameters)
    case 2: return Budget(maximumParameters: Int.max)
    default: return Budget(maximumParameters: space.minimumParameters + generator.uniform(below: range + 1))
    }
}

/// Every candidate of a small space that holds the budget, as gene values.
func allHolding(_ space: SearchSpace, _ budget: Budget) -> [[Int]] {
    var all: [[Int]] = [[]]
    for gene in space.genes { all = all.flatMap { values in (0...gene.top).map { values + [$0] } } }
    return all.filter { space.holds(genes: $0, budget) }
}

/// A fitness from a function; on every rung but the last it is off by a little, differently for every candidate.
struct ToyFitness: Fitness {
    var evaluations: [Candidate] = []
    /// Evaluations on each rung.
    var counts: [Int]
    let rungTokens: [Int]
    var noise = 0.02
    let function: @Sendable ([Int]) throws -> Double

    init(rungs: Int = 1, _ function: @escaping @Sendable ([Int]) throws -> Double) {
        rungTokens = (0..<rungs).map { 1 << (10 + 2 * $0) }
        counts = [Int](repeating: 0, count: rungs)
        self.function = function
    }

    mutating func evaluate(
        _ candidates: [Candidate], rung: Int, onResult: (Int, Double) throws -> Void
    ) throws {
        // Results may come in any order.
        for place in candidates.indices.sorted(by: {
            candidates[$0].levels.lexicographicallyPrecedes(candidates[$1].levels)
        }) {
            if rung == 0 { evaluations.append(candidates[place]) }
            counts[rung] += 1
            var hash = UInt64(rung)
            for level in candidates[place].levels { hash = hash &* 31 &+ UInt64(bitPattern: Int64(level)) }
            var generator = SeededGenerator(seed: hash)
            let error = rung == rungTokens.count - 1 ? 0 : noise * (generator.uniform01() - 0.5)
            try onResult(place, try function(candidates[place].levels) * (1 + error))
        }
    }
}

/// Sublayers of unequal, depth-dependent value, with a loss that grows when neighbours are both cut.
func interactingLoss(of space: SearchSpace) -> @Sendable ([Int]) -> Double {
    { levels in
        let removed = zip(space.sublayers, levels).map { sublayer, level in
            1 - Double(sublayer.parameters[level]) / Double(sublayer.fullParameters)
        }
        var loss = 0.0
        for (index, rate) in removed.enumerated() {
            let weight = 0.2 + Double((index * 7) % 11) / 5
            loss += weight * rate * rate
            if index > 0 { loss += 0.5 * rate * removed[index - 1] }
        }
        return loss
    }
}
