/// Which operator of which proposer made a candidate, such as `evolution.mutation`. Open: a new proposer names its own.
package struct Operator: RawRepresentable, Hashable, Codable, Sendable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
}

/// How far what a language model said agrees with what it was shown, beside what chance would give.
package struct Agreement: Hashable, Codable, Sendable {
    /// Share of its values, 0 to 1.
    package var share: Double
    /// Expected of independent draws, uniform over what was allowed.
    package var chance: Double

    package init(share: Double, chance: Double) {
        self.share = share
        self.chance = chance
    }
}

/// A candidate as a proposer states it: any integers. The search repairs it, so proposers need not hold the budget.
package struct Proposal: Hashable, Sendable {
    /// One level per sublayer.
    package var levels: [Int]
    package var `operator`: Operator
    /// Indices of the evaluations it was made from.
    package var parents: [Int]
    /// Hash of the prompt that a language model answered with it; `nil` when none did.
    package var promptHash: String?
    package var agreement: Agreement?
    /// What making it cost, in tokens of a forward pass. Counted, not timed, so that what depends on it (the shares of
    /// `AdaptiveProposer`) is the same in every run of a seed.
    package var work: Double
    package var seconds: Double

    package init(
        levels: [Int], operator: Operator, parents: [Int] = [], promptHash: String? = nil,
        agreement: Agreement? = nil, work: Double = 0, seconds: Double = 0
    ) {
        self.levels = levels
        self.operator = `operator`
        self.parents = parents
        self.promptHash = promptHash
        self.agreement = agreement
        self.work = work
        self.seconds = seconds
    }
}

/// What a language model said and was of no use. It is counted and shown; it never stops a search.
package struct Rejection: Hashable, Codable, Sendable, Error {
    package enum Reason: String, Hashable, Codable, Sendable {
        /// Not the JSON, or not the words, that were asked for.
        case malformed
        case wrongLength
        /// A number that is no level, or not a number.
        case outOfRange
        /// A parent, a sublayer or a candidate that does not exist.
        case unknownName
        /// Nothing changes by it.
        case noChange
        /// A candidate that was evaluated before.
        case duplicate
        /// No reply: the endpoint failed, refused or took too long.
        case noReply
        /// The endpoint failed so often that it is not asked any more for now.
        case endpointDown
        /// A reply of more bytes than are read.
        case tooLarge
    }

    package var `operator`: Operator
    package var reason: Reason
    /// Of the search; set when it is counted.
    package var generation = 0
    /// A sentence without its final stop. Words of a model are quoted, cut to a line.
    package var detail: String
    package var promptHash: String?
    package var work: Double
    package var seconds: Double

    package init(
        _ operator: Operator, _ reason: Reason, _ detail: String, promptHash: String? = nil, work: Double = 0,
        seconds: Double = 0
    ) {
        self.operator = `operator`
        self.reason = reason
        self.detail = detail
        self.promptHash = promptHash
        self.work = work
        self.seconds = seconds
    }
}

/// What a proposer was able to make.
package struct ProposalBatch: Hashable, Sendable {
    package var proposals: [Proposal]
    package var rejections: [Rejection]

    package init(_ proposals: [Proposal] = [], rejections: [Rejection] = []) {
        self.proposals = proposals
        self.rejections = rejections
    }

    package mutating func append(_ other: ProposalBatch) {
        proposals += other.proposals
        rejections += other.rejections
    }
}
