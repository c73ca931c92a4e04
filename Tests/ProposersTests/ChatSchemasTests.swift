import ChatClient
import Foundation
import Search
import Testing

@testable import Proposers

struct ChatSchemasTests {
    private let schemas: ChatSchemas
    private let space: SearchSpace

    init() throws {
        space = try smallSpace(blocks: 2)
        schemas = ChatSchemas(labels: space.partNames, genes: space.genes)
    }

    private func object(_ schema: ChatRequest.Schema) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(schema.json.utf8)) as? [String: Any])
    }

    @Test func schemasAreStrictJSON() throws {
        for schema in [schemas.levels, schemas.moves, ChatSchemas.parents(of: 4), ChatSchemas.parents(of: 0)] {
            let object = try object(schema)
            #expect(object["additionalProperties"] as? Bool == false)
            #expect(object["required"] as? [String] == [schema.name == "candidate" ? "levels" : schema.name])
        }
    }

    @Test func levelsHaveTheRangesOfTheSpace() throws {
        let properties = try #require(try object(schemas.levels)["properties"] as? [String: Any])
        let levels = try #require(properties["levels"] as? [String: Any])
        #expect(levels["required"] as? [String] == ["a0", "m0", "a1", "m1"])
        let ranges = try #require(levels["properties"] as? [String: [String: Any]])
        #expect(ranges.mapValues { $0["maximum"] as? Int } == ["a0": 3, "m0": 8, "a1": 3, "m1": 8])
        #expect(ranges.values.allSatisfy { $0["minimum"] as? Int == 0 && $0["type"] as? String == "integer" })
    }

    @Test func partsAreNamedByWhatMoves() throws {
        #expect(space.partNames == ["a0", "m0", "a1", "m1"])
        #expect(try smallSpace(blocks: 2, granularity: .layer).partNames == ["b0", "b1"])
    }
}
