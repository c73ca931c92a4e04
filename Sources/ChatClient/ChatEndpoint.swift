import Foundation
import Transfer

/// An OpenAI-compatible chat endpoint: llama.cpp's server, Ollama, vLLM, OpenAI and so on.
///
/// Every call of `complete` ends: no later than the deadline after it got its turn.
package actor ChatEndpoint: ChatCompleting {
    package nonisolated let configuration: ChatConfiguration
    package private(set) var usage: ChatUsage

    let key: AccessKey?
    nonisolated let transport = HTTPTransport()
    private let slots: RequestSlots
    private var breaker: CircuitBreaker
    private var backoff: Backoff
    /// The best that the server is known to take.
    private var format = ResponseFormat.schema

    package init(_ configuration: ChatConfiguration, key: AccessKey? = nil) {
        self.configuration = configuration
        self.key = key
        usage = ChatUsage(prices: configuration.prices)
        slots = RequestSlots(count: configuration.concurrency)
        breaker = CircuitBreaker(failureLimit: configuration.failureLimit, coolDown: configuration.coolDown)
        backoff = Backoff(
            first: configuration.firstPause, longest: configuration.longestPause, seed: configuration.jitterSeed)
    }

    /// - Throws: `ChatError`, after retries where they may help: on 429, 5xx, broken connections and timeouts.
    package func complete(_ request: ChatRequest) async throws(ChatError) -> ChatReply {
        guard await slots.acquire() else { throw count(Self.cancelled(attempts: 0), seconds: 0) }
        let result = await outcome(of: request)
        await slots.release()
        return try result.get()
    }

    private func outcome(of request: ChatRequest) async -> Result<ChatReply, ChatError> {
        let start = ContinuousClock.now
        let admission = breaker.admit(at: start)
        if case .refused(let wait) = admission {
            let when = wait > .zero ? "for another \(wait.text)" : "until it has answered a trial"
            let sentence = "After failures in a row \(configuration.name) is left alone \(when)"
            return .failure(count(ChatError(.circuitOpen, sentence), seconds: 0))
        }
        var attempts = 0
        do throws(ChatError) {
            var reply = try await reply(to: request, until: start + configuration.deadline, attempts: &attempts)
            reply.seconds = (ContinuousClock.now - start).seconds
            reply.attempts = attempts
            breaker.succeeded()
            usage.count(reply)
            return .success(reply)
        } catch {
            let end = ContinuousClock.now
            var error = error
            error.attempts = attempts
            switch error.code {
            case .cancelled, .badRequest: breaker.abandoned(admission, at: end)
            default: breaker.failed(admission, at: end)
            }
            return .failure(count(error, seconds: (end - start).seconds))
        }
    }

    private func count(_ error: ChatError, seconds: Double) -> ChatError {
        usage.count(error, seconds: seconds)
        return error
    }

    private func reply(
        to request: ChatRequest, until deadline: ContinuousClock.Instant, attempts: inout Int
    ) async throws(ChatError) -> ChatReply {
        var format = request.schema == nil ? .none : format
        var failures = 0
        /// What the server said when it refused the request in its first form.
        var refusal: ChatError?
        while true {
            let body = try request.body(model: configuration.model, format: format)
            let time = min(configuration.timeout, deadline - .now)
            attempts += 1
            let outcome = await transport.send(
                httpRequest(body), limit: configuration.maximumReplyBytes, within: max(.zero, time))
            switch judge(outcome, after: time) {
            case .completion(let completion):
                if refusal != nil { self.format = format }
                usage.count(
                    promptTokens: completion.failure == nil ? nil : completion.reply.promptTokens,
                    completionTokens: completion.failure == nil ? nil : completion.reply.completionTokens)
                if let failure = completion.failure { throw failure }
                return completion.reply
            case .refusal(let error):
                guard request.schema != nil, let fallback = format.fallback else { throw refusal ?? error }
                refusal = refusal ?? error
                format = fallback
            case .failure(let error):
                throw error
            case .retry(let error, let requestedPause):
                failures += 1
                guard failures < max(1, configuration.maximumAttempts) else { throw error }
                try await pause(after: failures, requested: requestedPause, until: deadline, for: error)
            }
        }
    }

    /// - Throws: `error` itself when there is no time for another attempt.
    private func pause(
        after failures: Int, requested: Duration?, until deadline: ContinuousClock.Instant, for error: ChatError
    ) async throws(ChatError) {
        let pause = requested ?? backoff.pause(after: failures)
        guard requested ?? .zero <= configuration.longestRequestedPause, .now + pause < deadline else {
            var error = error
            if let requested { error.message += ", and asks to wait for \(requested.text)" }
            throw error
        }
        do { try await Task.sleep(for: pause) } catch { throw Self.cancelled(attempts: failures) }
    }

    static func cancelled(attempts: Int) -> ChatError {
        ChatError(.cancelled, "The chat request was cancelled", attempts: attempts)
    }
}
