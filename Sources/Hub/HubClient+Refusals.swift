import Foundation
import Transfer

/// What a status that is no success means.
extension HubClient {
    func refusal(_ head: HTTPHead, _ body: Data, _ address: URL, _ what: String) -> Failure {
        let words = words(head, body)
        let said = words.map { ": \($0)" } ?? ""
        let isHub = address.hasOrigin(of: configuration.endpoint)
        let status = head.status
        func failure(_ code: HubError.Code, _ message: String, isPassing: Bool = false) -> Failure {
            Failure(
                HubError(code, message, status: status), isPassing: isPassing,
                pause: isPassing ? Backoff.requestedPause(head["retry-after"]) : nil)
        }
        switch status {
        case 401 where isHub, 403 where isHub:
            if head["x-error-code"] == "GatedRepo" {
                return failure(
                    .denied,
                    "\(capitalised(what)) is only for those who were granted access: ask for it on the model's page"
                        + (configuration.token == nil ? ", and set HF_TOKEN" : ""))
            }
            return failure(
                .denied,
                configuration.token == nil
                    ? "\(capitalised(what)) is not to be had without a token (set HF_TOKEN), or does not exist\(said)"
                    : "\(capitalised(what)) is not to be had with this HF_TOKEN, or does not exist\(said)")
        case 403:
            // Of storage: the address, which is made for a while, has expired. Another request makes a new one.
            return failure(.denied, "\(host(address)) refuses \(what)\(said)", isPassing: true)
        case 404, 410:
            switch head["x-error-code"] {
            case "RevisionNotFound": return failure(.notFound, "There is no such revision: \(what)")
            case "EntryNotFound": return failure(.notFound, "There is no such file: \(what)")
            default: return failure(.notFound, "\(host(address)) has not got \(what)\(said)")
            }
        case 408, 425, 429, 500...:
            return failure(
                .status, "\(host(address)) answered with status \(status) when asked for \(what)\(said)",
                isPassing: true)
        default:
            return failure(
                .status, "\(host(address)) answered with status \(status) when asked for \(what)\(said)")
        }
    }

    private func words(_ head: HTTPHead, _ body: Data) -> String? {
        struct Message: Decodable { var error: String }
        let text = head["x-error-message"] ?? (try? JSONDecoder().decode(Message.self, from: body))?.error
        guard let text, let line = ServerWords.line(configuration.token?.removed(from: text) ?? text) else {
            return nil
        }
        return line.hasSuffix(".") ? String(line.dropLast()) : line
    }

    private func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
