import Foundation

/// What a proposer may look at: everything known at the start of a generation.
package struct SearchState: Sendable {
    package let space: SearchSpace
    package let budget: Budget
    package let seed: UInt64
    /// Index of the generation that is proposed.
    package let generation: Int
    /// Every candidate so far, in order.
    package let records: [FitnessRecord]
    /// What was refused so far.
    package let rejections: [Rejection]
    package let populationSize: Int
    /// Members of the population that are there by merit.
    package let elites: Int
    /// The first population is still being made: wanted are new candidates, not offspring.
    package let isInitial: Bool
    /// How much the model's output suffers when this sublayer alone is cut, per sublayer; any unit.
    package let sensitivities: [Double]?
    /// Tokens of one evaluation on the first rung: the unit in which a proposal's work is weighed.
    package let evaluationTokens: Int
    /// The survivors, best first, all with finite fitness. May be empty.
    package let population: [FitnessRecord]
    private let factors: [Double]

    package init(
        space: SearchSpace, budget: Budget, seed: UInt64 = 0, generation: Int, records: [FitnessRecord],
        rejections: [Rejection] = [], populationSize: Int = 30, elites: Int? = nil, isInitial: Bool = false,
        sensitivities: [Double]? = nil,
        evaluationTokens: Int = 1024
    ) {
        self.space = space
        self.budget = budget
        self.seed = seed
        self.generation = generation
        self.records = records
        self.rejections = rejections
        self.populationSize = populationSize
        self.elites = elites ?? populationSize
        self.isInitial = isInitial
        self.sensitivities = sensitivities
        self.evaluationTokens = evaluationTokens
        population = records.population(size: populationSize, elites: self.elites)
        factors = records.rungFactors
    }

    /// For the same generation, what was known before the generation ahead of it; the state itself when that was
    /// nothing.
    package var lagged: SearchState {
        let known = records.filter { $0.generation < generation - 1 }
        guard !known.isEmpty else { return self }
        return SearchState(
            space: space, budget: budget, seed: seed, generation: generation, records: known,
            rejections: rejections.filter { $0.generation < generation - 1 },
            populationSize: populationSize, elites: elites, isInitial: isInitial, sensitivities: sensitivities,
            evaluationTokens: evaluationTokens)
    }

    /// What a member's last score says of the top rung: scores of different rungs are of different texts.
    package func projectedFitness(of record: FitnessRecord) -> Double {
        guard !record.scores.isEmpty, record.scores.count <= factors.count else { return record.fitness }
        return record.fitness * factors[record.scores.count - 1]
    }

    /// The random numbers of one slot of one operator in this generation, whatever else was drawn.
    package func generator(_ name: String, slot: Int = 0) -> SeededGenerator {
        // A name must mean the same stream next year.
        var hash = StableHash()
        hash.add(name.utf8)
        let place = UInt64(truncatingIfNeeded: generation) << 32 | UInt64(truncatingIfNeeded: slot) & 0xffff_ffff
        return SeededGenerator(seed: seed ^ hash.value, stream: place)
    }

    /// Sensitivity of each gene in standard deviations from the mean; `nil` without sensitivities.
    package var standardizedSensitivities: [Double]? {
        guard let sensitivities, sensitivities.count == space.sublayers.count else { return nil }
        // Logarithms: a few sublayers are a hundred times as sensitive as the others, and would be all there is to see.
        let sums = space.genes.map { gene in gene.members.reduce(0) { $0 + max(sensitivities[$1], 0) } }
        // What does not matter at all counts as much as the least that does.
        let least = sums.filter { $0 > 0 }.min() ?? 1
        let values = sums.map { log(max($0, least)) }
        let mean = values.reduce(0, +) / Double(max(values.count, 1))
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(values.count, 1))
        let deviation = variance.squareRoot()
        return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
    }
}
