import Checkpoints
import Foundation
import Models
import Search
import Testing
import Tokenization

@testable import Proposers

private let realModel = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_MODEL"]

/// That prompts make a small model an operator, and not a random one: what it writes is of its parents.
@Suite(.enabled(if: realModel != nil, "SELFPRUNER_TEST_MODEL is not set"))
struct PromptQualityTests {
    /// Measured with this model and eight children of random parents: 0.87 of a child's levels are those of a parent
    /// (chance: 0.30), and no child is a parent. With every parent shown once, before "child:", it was 0.54.
    @Test func aSmallModelRecombinesItsParents() throws {
        let checkpoint = try openCheckpoint(try #require(realModel))
        let model = try LlamaModel(checkpoint, precision: .float32, positions: 4096)
        let state = try smallState(smallSpace(blocks: 30), count: 12)
        let proposer = try SelfProposer(
            model, try Tokenizer(checkpoint.tokenizer),
            shape: ModelShape(name: "SmolLM2", blocks: 30, hiddenSize: 576, parameters: 134_515_008, rate: 0.3),
            prompts: PromptLibrary(), style: .continuation, positions: 4096)
        let children = try proposer.propose([OperatorCount(LanguageOperator.crossover.ofSelf, 2)], from: state)
            .proposals
        #expect(children.count == 2)
        for child in children {
            let agreement = try #require(child.agreement)
            #expect(agreement.share > agreement.chance + 0.25)
            #expect(child.parents.allSatisfy { state.records[$0].candidate.levels != child.levels })
        }
    }
}
