import Foundation
import SelfPruner
import TestSupport
import Testing

struct VocabularyShareTests {
    private let fixture: PruneFixture

    init() throws { fixture = try PruneFixture() }

    private func run(_ share: Double?, _ method: SearchOptions.Method = .nested) async throws -> (PruneReport, Data) {
        let report = try await prune(
            fixture.options {
                $0.vocabularyShare = share
                $0.method = method
                $0.overwrite = true
                $0.allocation = .uniform
            })
        return (report, try fixture.folder.data("smaller/model.safetensors"))
    }

    @Test func `lists take the place of text`() async throws {
        let (without, plain) = try await run(0)
        let (with, mixed) = try await run(0.5)
        #expect(without.settings.vocabularyShare == 0 && with.settings.vocabularyShare == 0.5)
        #expect(without.settings.calibrationTokens == with.settings.calibrationTokens)
        #expect(plain != mixed && plain.count == mixed.count)
    }

    @Test func `a sixth by default, and none in baselines as published`() async throws {
        let (report, model) = try await run(nil)
        #expect(report.settings.vocabularyShare == 1 / 6.0)
        #expect(try await run(1 / 6.0).1 == model)
        let (baseline, weights) = try await run(nil, .wandaSP)
        #expect(baseline.settings.vocabularyShare == 0)
        #expect(try await run(0, .wandaSP).1 == weights)
        #expect(try await run(0.5, .wandaSP).1 != weights)
    }

    /// Lists would have them all.
    @Test func `tokens that the model does not have are not drawn`() async throws {
        let name = "gqa-untied/tokenizer.json"
        var json = try #require(try JSONSerialization.jsonObject(with: fixture.folder.data(name)) as? [String: Any])
        var model = try #require(json["model"] as? [String: Any])
        var vocabulary = try #require(model["vocab"] as? [String: Int])
        let signs = "#$%&()*+/:;<=>@[]^_`{|}~".map(String.init)
        for (index, sign) in signs.enumerated() { vocabulary[sign] = 96 + index }
        model["vocab"] = vocabulary
        json["model"] = model
        try fixture.folder.write(name, JSONSerialization.data(withJSONObject: json))
        let (report, _) = try await run(0.9)
        #expect(report.after.perplexity.isFinite)
    }
}
