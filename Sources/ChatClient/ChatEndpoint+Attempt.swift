import Foundation
import Transfer

/// One HTTP request and what its outcome means.
extension ChatEndpoint {
    struct Completion {
        var reply: ChatReply
        /// Why the reply is of no use; its tokens were spent nevertheless.
        var failure: ChatError?
    }

    enum Verdict {
        case completion(Completion)
        /// The server does not like the request, perhaps only for the response format.
        case refusal(ChatError)
        case failure(ChatError)
        /// Worth another attempt, after a pause that the server may have asked for.
        case retry(ChatError, pause: Duration?)
    }

    func httpRequest(_ body: Data) -> HTTPRequest {
        var headers = [
            ("Content-Type", "application/json"), ("Accept", "application/json"), ("User-Agent", "selfpruner"),
        ]
        if let key { headers.append(("Authorization", key.authorization)) }
        return HTTPRequest(.post, address: configuration.address, headers: headers, body: body)
    }

    func judge(_ outcome: HTTPOutcome, after time: Duration) -> Verdict {
        let name = configuration.name
        switch outcome {
        case .cancelled, .declined:
            return .failure(Self.cancelled(attempts: 0))
        case .timeout:
            return .retry(ChatError(.timeout, "\(name) gave no whole reply within \(time.text)"), pause: nil)
        case .failure(let how):
            return .retry(ChatError(.unreachable, "The connection to \(name) \(how)"), pause: nil)
        case .tooLarge:
            let limit = configuration.maximumReplyBytes
            return .failure(ChatError(.tooLarge, "\(name) sent a reply of more than \(limit) bytes"))
        case .redirect(let head, let address):
            let target = address?.host.map { "to \(withoutKey($0))" } ?? "elsewhere"
            return .failure(
                ChatError(
                    .status, "\(name) redirects \(target), which is not followed: name it instead", status: head.status)
            )
        case .reply(let head, let body) where (200..<300).contains(head.status):
            return read(body, contentType: head["content-type"])
        case .reply(let head, let body):
            let status = head.status
            let words = ReplyBody.errorMessage(in: body, withoutKey: withoutKey).map { ": \($0)" } ?? ""
            let error = ChatError(.status, "\(name) answered with status \(status)\(words)", status: status)
            switch status {
            case 429, 500...: return .retry(error, pause: Backoff.requestedPause(head["retry-after"]))
            case 400, 422: return .refusal(error)
            default: return .failure(error)
            }
        }
    }

    /// The content type is not asked for: what counts is whether the body is a completion.
    private func read(_ body: Data, contentType: String?) -> Verdict {
        guard let parsed = try? JSONDecoder().decode(ReplyBody.self, from: body) else {
            let type = contentType.map { " (it is called \(withoutKey($0).prefix(60)))" } ?? ""
            let sentence = "What \(configuration.name) sent is not the JSON of a chat completion\(type)"
            return .failure(ChatError(.badReply, sentence))
        }
        var completion = Completion(
            reply: ChatReply(
                content: "", promptTokens: parsed.usage?.promptTokens,
                completionTokens: parsed.usage?.completionTokens,
                finishReason: parsed.choice?.finishReason.map(withoutKey)))
        if let content = parsed.choice?.message?.content {
            completion.reply.content = withoutKey(content)
        } else {
            let what = parsed.choice?.message?.refusal == nil ? "no text" : "a refusal"
            completion.failure = ChatError(.badReply, "The reply of \(configuration.name) has \(what) in it")
        }
        return .completion(completion)
    }

    private func withoutKey(_ text: String) -> String { key?.removed(from: text) ?? text }
}
