import ChatClient
import Search

/// The forms of replies as JSON schemas: what `ChatReplies` reads.
struct ChatSchemas: Sendable {
    let labels: [String]
    let genes: [Gene]

    /// `{"levels": {"a0": 3, …}}`. Keys, not a list: a label beside every number keeps a model from losing its place.
    var levels: ChatRequest.Schema {
        let properties = zip(labels, genes).map {
            "\"\($0)\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":\($1.top)}"
        }
        let required = labels.map { "\"\($0)\"" }
        return Self.object(
            "candidate",
            """
            "levels":{"type":"object","properties":{\(properties.joined(separator: ","))},\
            "required":[\(required.joined(separator: ","))],"additionalProperties":false}
            """, required: "levels")
    }

    /// `{"parents": [1, 3]}`.
    static func parents(of count: Int) -> ChatRequest.Schema {
        object(
            "parents",
            """
            "parents":{"type":"array","items":{"type":"integer","minimum":1,"maximum":\(max(count, 1))},\
            "minItems":2,"maxItems":2}
            """, required: "parents")
    }

    /// `{"moves": [{"from": "a0", "steps": 1, "to": "m3"}]}`.
    var moves: ChatRequest.Schema {
        let names = labels.map { "\"\($0)\"" }.joined(separator: ",")
        return Self.object(
            "moves",
            """
            "moves":{"type":"array","minItems":1,"maxItems":\(ProposalGrammar.maximumMoves),"items":{"type":"object",\
            "properties":{"from":{"type":"string","enum":[\(names)]},"steps":{"type":"integer","minimum":1,\
            "maximum":\(ProposalGrammar.maximumSteps)},"to":{"type":"string","enum":[\(names)]}},\
            "required":["from","steps","to"],"additionalProperties":false}}
            """, required: "moves")
    }

    private static func object(_ name: String, _ properties: String, required: String) -> ChatRequest.Schema {
        ChatRequest.Schema(
            name: name,
            json: """
                {"type":"object","properties":{\(properties)},"required":["\(required)"],"additionalProperties":false}
                """)
    }
}
