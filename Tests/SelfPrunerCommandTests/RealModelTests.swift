import Foundation
import Testing

private let model = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_MODEL"]
private let texts = ProcessInfo.processInfo.environment["SELFPRUNER_DATA"]

@Suite(.enabled(if: model != nil && texts != nil, "SELFPRUNER_TEST_MODEL or SELFPRUNER_DATA is not set"))
struct RealModelTests {
    @Test func `inspect`() async throws {
        let report = try await Program.run(["inspect", #require(model), "--json"]).json()
        #expect(report["parameters"] as? Int == 134_515_008)
        #expect(report["decoderParameters"] as? Int == 106_202_880)
        let blocks = try #require(report["blocks"] as? [[String: Any]])
        #expect(blocks.count == 30)
        for block in blocks {
            #expect(block["queryHeads"] as? Int == 9)
            #expect(block["keyValueHeads"] as? Int == 3)
            #expect(block["channels"] as? Int == 1536)
        }
    }

    @Test func `bfloat16 is near float32`() async throws {
        var likelihoods: [Double] = []
        for precision in ["float32", "bfloat16"] {
            let outcome = try await Program.run([
                "evaluate", #require(model), "--text", #require(texts) + "/evaluation.txt", "--max-tokens", "2048",
                "--precision", precision, "--json",
            ])
            if precision == "bfloat16", outcome.error.contains("This CPU cannot multiply bfloat16") {
                #expect(outcome.status == 1)
                return
            }
            let report = try outcome.json()
            #expect(report["tokensScored"] as? Int == 2047)
            likelihoods.append(try #require(report["negativeLogLikelihood"] as? Double))
        }
        #expect(likelihoods[0] > 1 && likelihoods[0] < 6)
        #expect(abs(likelihoods[1] - likelihoods[0]) < 0.005 * likelihoods[0])
    }
}
