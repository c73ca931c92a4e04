import Transfer

/// What is asked of a chat model.
package struct ChatRequest: Sendable, Hashable, Codable {
    package enum Role: String, Sendable, Codable {
        case system, user, assistant
    }

    package struct Message: Sendable, Hashable, Codable {
        package var role: Role
        package var content: String

        package init(_ role: Role, _ content: String) {
            self.role = role
            self.content = content
        }
    }

    /// A JSON schema that the reply has to follow, where the server can see to that. The caller validates the reply in
    /// any case.
    package struct Schema: Sendable, Hashable, Codable {
        /// Letters, digits, `_` and `-`, at most 64 (a rule of the API).
        package var name: String
        /// JSON, sent as it is: servers may produce members in the order that the schema has them in.
        package var json: String

        package init(name: String, json: String) {
            self.name = name
            self.json = json
        }
    }

    package var messages: [Message]
    package var schema: Schema?
    package var temperature: Double?
    /// 32 bits, which every server takes.
    package var seed: UInt32?
    package var maximumTokens: Int?

    package init(
        messages: [Message], schema: Schema? = nil, temperature: Double? = nil, seed: UInt32? = nil,
        maximumTokens: Int? = nil
    ) {
        self.messages = messages
        self.schema = schema
        self.temperature = temperature
        self.seed = seed
        self.maximumTokens = maximumTokens
    }
}

extension ChatRequest {
    /// SHA-256, in hexadecimal, of `canonicalJSON`: the same on every platform and in every version.
    package var hash: String { Digest.hexadecimal(.sha256, of: canonicalJSON.utf8) }

    /// Members in alphabetical order, absent ones left out, no white space. It says nothing of the model.
    var canonicalJSON: String {
        var json = JSONObject()
        json.set("maximumTokens", maximumTokens)
        json.set("messages", array: messages.map(\.json))
        if let schema {
            var member = JSONObject()
            member.set("json", schema.json)
            member.set("name", schema.name)
            json.set("schema", object: member)
        }
        json.set("seed", seed)
        json.set("temperature", temperature)
        return json.text
    }
}

extension ChatRequest.Message {
    var json: JSONObject {
        var json = JSONObject()
        json.set("content", content)
        json.set("role", role.rawValue)
        return json
    }
}
