import Foundation
import Transfer

/// The parts of a chat completion that are read. All may be absent, and counts may be anything.
struct ReplyBody: Decodable {
    struct Choice: Decodable {
        var message: Message?
        var finishReason: String?

        enum CodingKeys: String, CodingKey {
            case message
            case finishReason = "finish_reason"
        }
    }

    struct Message: Decodable {
        var content: String?
        var refusal: String?
    }

    struct Usage: Decodable {
        var promptTokens: Int?
        var completionTokens: Int?

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let count = { (key: CodingKeys) in
                (try? container.decodeIfPresent(Int.self, forKey: key)).flatMap { $0 }.flatMap { $0 < 0 ? nil : $0 }
            }
            promptTokens = count(.promptTokens)
            completionTokens = count(.completionTokens)
        }
    }

    var choice: Choice?
    var usage: Usage?

    enum CodingKeys: CodingKey {
        case choices, usage
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        choice = try container.decodeIfPresent([Choice].self, forKey: .choices)?.first
        usage = try? container.decodeIfPresent(Usage.self, forKey: .usage)
    }

    /// What the server says about an error: `{"error": {"message": …}}`, or a string in place of the object; one line
    /// of at most 200 characters.
    static func errorMessage(in body: Data, withoutKey: (String) -> String) -> String? {
        struct Failure: Decodable {
            struct Details: Decodable { var message: String? }
            var message: String?

            enum CodingKeys: CodingKey {
                case error, message, detail
            }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                message =
                    (try? container.decode(Details.self, forKey: .error))?.message
                    ?? (try? container.decode(String.self, forKey: .error))
                    ?? (try? container.decode(String.self, forKey: .message))
                    ?? (try? container.decode(String.self, forKey: .detail))
            }
        }
        return (try? JSONDecoder().decode(Failure.self, from: body))?.message.map(withoutKey).flatMap(ServerWords.line)
    }
}
