/// The classical operators, on gene values. Each keeps the budget by itself; mutation and crossover do so at random,
/// so that `repair`, whose ties fall on fixed places, has nothing left to do and biases nothing.
struct Variation {
    let space: SearchSpace
    let budget: Budget

    /// Takes a few steps from one gene and gives the parameters to another (EvoPress's level switch), one to three
    /// times, fewer more often. Unchanged when nothing can be switched.
    func mutated(_ values: [Int], using generator: inout SeededGenerator) -> [Int] {
        var values = values
        for _ in 0..<few(&generator) { switchLevels(&values, &generator) }
        return values
    }

    /// Every gene from either parent with equal chance.
    func uniformCrossover(_ first: [Int], _ second: [Int], using generator: inout SeededGenerator) -> [Int] {
        let child = zip(first, second).map { generator.uniform(below: 2) == 0 ? $0 : $1 }
        return balanced(child, first, second, &generator)
    }

    /// The first genes from one parent, the others from the other.
    func onePointCrossover(_ first: [Int], _ second: [Int], using generator: inout SeededGenerator) -> [Int] {
        guard first.count > 1 else { return first }
        let cut = 1 + generator.uniform(below: first.count - 1)
        return balanced(Array(first[..<cut] + second[cut...]), first, second, &generator)
    }

    /// Every gene anywhere, then all rates shifted alike until the budget holds: picking steps at random instead would
    /// favour the sublayers that have few and large ones.
    func random(using generator: inout SeededGenerator) -> [Int] {
        space.repaired(genes: space.genes.map { generator.uniform(below: $0.top + 1) }, to: budget)
    }

    private func switchLevels(_ values: inout [Int], _ generator: inout SeededGenerator) {
        let receivers = values.indices.filter { values[$0] < space.genes[$0].top }
        let donors = values.indices.filter { values[$0] > 0 }
        guard !receivers.isEmpty, !donors.isEmpty else { return }
        for _ in 0..<16 {
            let receiver = receivers[generator.uniform(below: receivers.count)]
            let donor = donors[generator.uniform(below: donors.count)]
            let taken = few(&generator)
            guard donor != receiver else { continue }
            var trial = values
            trial[donor] = max(0, trial[donor] - taken)
            while slack(trial) < step(receiver, trial[receiver]), trial[donor] > 0 { trial[donor] -= 1 }
            while trial[receiver] < space.genes[receiver].top, step(receiver, trial[receiver]) <= slack(trial) {
                trial[receiver] += 1
            }
            guard trial[receiver] > values[receiver] else { continue }
            fill(&trial, towards: space.genes.map(\.top), &generator)
            guard trial != values else { continue }
            values = trial
            return
        }
    }

    /// Brings a child back to the budget by moving genes towards the parent they did not come from; the smaller values
    /// of both parents together always fit.
    private func balanced(
        _ child: [Int], _ first: [Int], _ second: [Int], _ generator: inout SeededGenerator
    ) -> [Int] {
        var values = child
        drain(&values, towards: zip(first, second).map { min($0, $1) }, &generator)
        fill(&values, towards: zip(first, second).map { max($0, $1) }, &generator)
        fill(&values, towards: space.genes.map(\.top), &generator)
        return values
    }

    /// Lowers random genes, not below `floor`, until the budget holds. A step larger than the excess is the last
    /// resort, as `fill` never takes one larger than the slack: else large steps would be lost more often than won.
    private func drain(_ values: inout [Int], towards floor: [Int], _ generator: inout SeededGenerator) {
        while slack(values) < 0 {
            let excess = -slack(values)
            let open = values.indices.filter { values[$0] > floor[$0] }
            let gentle = open.filter { step($0, values[$0] - 1) <= excess }
            let least = open.map { step($0, values[$0] - 1) }.min() ?? 0
            let choice = gentle.isEmpty ? open.filter { step($0, values[$0] - 1) == least } : gentle
            guard !choice.isEmpty else { return }
            values[choice[generator.uniform(below: choice.count)]] -= 1
        }
    }

    private func fill(_ values: inout [Int], towards ceiling: [Int], _ generator: inout SeededGenerator) {
        while true {
            let room = slack(values)
            let open = values.indices.filter { values[$0] < ceiling[$0] && step($0, values[$0]) <= room }
            guard !open.isEmpty else { return }
            values[open[generator.uniform(below: open.count)]] += 1
        }
    }

    /// 1, 2 or 3, with odds 5 : 3 : 1.
    private func few(_ generator: inout SeededGenerator) -> Int {
        1 + min(generator.uniform(below: 3), generator.uniform(below: 3))
    }

    private func slack(_ values: [Int]) -> Int { budget.maximumParameters - space.parameters(ofGenes: values) }

    private func step(_ gene: Int, _ value: Int) -> Int {
        space.genes[gene].parameters[value + 1] - space.genes[gene].parameters[value]
    }
}
