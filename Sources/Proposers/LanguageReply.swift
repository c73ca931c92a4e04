import Search

/// What a language model wrote, and what that cost, whoever the model is.
struct LanguageReply: Sendable {
    var `operator`: Operator
    var text: String
    var promptHash: String
    /// In tokens of a forward pass.
    var work: Double
    var seconds: Double

    /// With the cost of what had to be asked before.
    func adding(_ work: Double, _ seconds: Double) -> LanguageReply {
        var reply = self
        reply.work += work
        reply.seconds += seconds
        return reply
    }

    func proposal(_ candidate: Candidate, _ parents: [Int], _ agreement: Agreement?) -> Proposal {
        Proposal(
            levels: candidate.levels, operator: `operator`, parents: parents, promptHash: promptHash,
            agreement: agreement, work: work, seconds: seconds)
    }

    func rejection(_ reason: Rejection.Reason, _ detail: String) -> Rejection {
        Rejection(`operator`, reason, detail, promptHash: promptHash, work: work, seconds: seconds)
    }
}
