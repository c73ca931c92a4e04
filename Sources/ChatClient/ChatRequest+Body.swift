import Foundation

/// How the form of a reply is asked for. Servers differ in what they know: each refuses what it does not know with
/// status 400 or 422, and then the next is tried.
enum ResponseFormat: Int, Sendable {
    case schema, object, none

    var fallback: ResponseFormat? { ResponseFormat(rawValue: rawValue + 1) }
}

extension ChatRequest {
    /// The request as `/v1/chat/completions` takes it.
    /// - Throws: `ChatError.badRequest`.
    func body(model: String, format: ResponseFormat) throws(ChatError) -> Data {
        guard temperature?.isFinite != false else {
            throw ChatError(.badRequest, "The temperature \(temperature ?? 0) is no number that can be sent")
        }
        var json = JSONObject()
        json.set("model", model)
        json.set("messages", array: messages.map(\.json))
        json.set("stream", false)
        json.set("temperature", temperature)
        json.set("seed", seed)
        json.set("max_tokens", maximumTokens)
        if let responseFormat = try responseFormat(format) { json.set("response_format", object: responseFormat) }
        return Data(json.text.utf8)
    }

    private func responseFormat(_ format: ResponseFormat) throws(ChatError) -> JSONObject? {
        guard let schema else { return nil }
        var json = JSONObject()
        switch format {
        case .schema:
            guard (try? JSONSerialization.jsonObject(with: Data(schema.json.utf8))) is [String: Any] else {
                throw ChatError(.badRequest, "The schema \(schema.name) is no JSON object")
            }
            var member = JSONObject()
            member.set("name", schema.name)
            member.set("strict", true)
            member.set("schema", json: schema.json)
            json.set("type", "json_schema")
            json.set("json_schema", object: member)
        case .object: json.set("type", "json_object")
        case .none: return nil
        }
        return json
    }
}
