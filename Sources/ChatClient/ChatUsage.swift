/// Prices of a million tokens, in whatever currency the user thinks in.
package struct ChatPrices: Sendable, Equatable {
    package var prompt: Double
    package var completion: Double

    package init(prompt: Double, completion: Double) {
        self.prompt = prompt
        self.completion = completion
    }
}

/// What chat requests cost.
package struct ChatUsage: Sendable, Equatable {
    /// Calls of `complete`, those that failed included.
    package private(set) var requests = 0
    /// HTTP requests sent.
    package private(set) var attempts = 0
    package private(set) var failures: [ChatError.Code: Int] = [:]
    package private(set) var promptTokens = 0
    package private(set) var completionTokens = 0
    /// The durations of all requests added up; concurrent ones count in full.
    package private(set) var seconds = 0.0
    package var prices: ChatPrices?

    package init(prices: ChatPrices? = nil) { self.prices = prices }

    /// In the unit of the prices; `nil` without them.
    package var cost: Double? {
        prices.map { (Double(promptTokens) * $0.prompt + Double(completionTokens) * $0.completion) / 1e6 }
    }

    package mutating func count(_ reply: ChatReply) {
        count(promptTokens: reply.promptTokens, completionTokens: reply.completionTokens)
        requests += 1
        attempts = attempts.addingWithLimit(reply.attempts)
        seconds += reply.seconds
    }

    package mutating func count(_ error: ChatError, seconds: Double) {
        requests += 1
        attempts = attempts.addingWithLimit(error.attempts)
        failures[error.code, default: 0] += 1
        self.seconds += seconds
    }

    /// Tokens of a completion that was of no use otherwise.
    mutating func count(promptTokens: Int?, completionTokens: Int?) {
        self.promptTokens = self.promptTokens.addingWithLimit(promptTokens ?? 0)
        self.completionTokens = self.completionTokens.addingWithLimit(completionTokens ?? 0)
    }

    /// Both together, with the prices of the first that has any.
    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.requests += right.requests
        sum.attempts = left.attempts.addingWithLimit(right.attempts)
        sum.failures.merge(right.failures, uniquingKeysWith: +)
        sum.count(promptTokens: right.promptTokens, completionTokens: right.completionTokens)
        sum.seconds += right.seconds
        sum.prices = left.prices ?? right.prices
        return sum
    }
}

extension Int {
    /// A sum that stays at the largest number: a server or a file may claim any count.
    fileprivate func addingWithLimit(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(Swift.max(0, other))
        return overflow ? .max : sum
    }
}
