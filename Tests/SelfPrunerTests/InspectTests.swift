import TestSupport
import Testing

@testable import SelfPruner

struct InspectTests {
    /// Counts worked out by hand from the fixtures' configurations: hidden size 48, heads of 16, 80 channels and a
    /// vocabulary of 96 in all of them.
    struct Expected: Sendable {
        var fixture: String
        var attention: Int
        var mlp: Int
        var blocks: Int
        var other: Int
        var heads: (query: Int, keyValue: Int)
        var biases: [String] = []
    }

    static let expected = [
        // norm 48, q 48·48, k and v 16·48, o 48·48; norm 48, three times 48·80; embedding 96·48 and final norm 48.
        Expected(fixture: "gqa-tied", attention: 6192, mlp: 11568, blocks: 2, other: 4656, heads: (3, 1)),
        Expected(fixture: "gqa-untied", attention: 9264, mlp: 11568, blocks: 3, other: 9264, heads: (4, 2)),
        Expected(fixture: "mha", attention: 9264, mlp: 11568, blocks: 2, other: 4656, heads: (3, 3)),
        // 48 + 16 + 16 + 48 more in attention and 80 + 80 + 48 in the MLP.
        Expected(
            fixture: "biases", attention: 6320, mlp: 11776, blocks: 2, other: 4656, heads: (3, 1),
            biases: ["queryKeyValue", "attentionOutput", "gateUp", "down"]),
    ]

    @Test(arguments: expected) func `counts parameters and bytes`(_ expected: Expected) throws {
        let folder = try TemporaryFolder()
        let summary = try ModelSummary(inspecting: TinyModel.make(expected.fixture, in: folder))
        let block = expected.attention + expected.mlp
        let decoder = block * expected.blocks
        #expect(summary.path == folder(expected.fixture))
        #expect(summary.format == "huggingface")
        #expect(summary.architecture == "llama")
        #expect([summary.hiddenSize, summary.headSize, summary.vocabularySize] == [48, 16, 96])
        #expect(summary.contextLength == 256)
        #expect(summary.tiedEmbeddings == (expected.fixture != "gqa-untied"))
        #expect(summary.biases == expected.biases)
        #expect(summary.decoderParameters == decoder)
        #expect(summary.otherParameters == expected.other)
        #expect(summary.parameters == decoder + expected.other)
        #expect(summary.decoderBytes == 4 * decoder)
        #expect(summary.bytes == 4 * (decoder + expected.other))
        #expect(summary.elementTypes == ["F32": decoder + expected.other])
        #expect(
            summary.blocks
                == (0..<expected.blocks).map {
                    ModelSummary.Block(
                        index: $0, queryHeads: expected.heads.query, keyValueHeads: expected.heads.keyValue,
                        channels: 80, attentionParameters: expected.attention, mlpParameters: expected.mlp,
                        parameters: block, bytes: 4 * block)
                })
    }

    @Test func `a missing model is an error that names it`() {
        #expect { try ModelSummary(inspecting: "/nowhere/at/all") } throws: { "\($0)".contains("/nowhere/at/all") }
    }
}
