import Search

/// The paper's four operators, as a language model carries them out (arXiv 2502.14413).
package enum LanguageOperator: String, Sendable, CaseIterable {
    /// Writes a new candidate, given the best so far.
    case generate
    /// Chooses parents.
    case select
    /// Writes a child of two parents.
    case crossover
    /// Names up to three moves that improve a candidate.
    case mutate

    /// The operator of a proposer, such as `self.crossover`.
    func name(of proposer: String) -> Operator { Operator(rawValue: "\(proposer).\(rawValue)") }

    /// The random numbers of this operator, or of it on behalf of another one.
    func stream(of proposer: String, for purpose: LanguageOperator?) -> String {
        "\(name(of: proposer).rawValue).\(purpose?.rawValue ?? "")"
    }
}

/// Which of the paper's operators a language model carries out; the others are left to evolution.
package struct LanguageOperators: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The first population.
    package static let initialization = LanguageOperators(rawValue: 1)
    /// Crossover and mutation, with the choice of parents.
    package static let variation = LanguageOperators(rawValue: 2)
    package static let all: LanguageOperators = [.initialization, .variation]
}

extension LanguageOperators {
    /// The operators and counts by which a language model makes `count` candidates; empty when it has no part in them.
    /// - Parameter batch: proposals that are best made together.
    func plan(_ count: Int, in state: SearchState, proposer: String, batch: Int = 1) -> [OperatorCount] {
        if state.isInitial || state.population.count < 2 {
            return contains(.initialization)
                ? [OperatorCount(LanguageOperator.generate.name(of: proposer), count, batch: batch)] : []
        }
        guard contains(.variation) else { return [] }
        return [
            OperatorCount(LanguageOperator.crossover.name(of: proposer), (count + 1) / 2, batch: batch),
            OperatorCount(LanguageOperator.mutate.name(of: proposer), count / 2, batch: batch),
        ]
    }
}
