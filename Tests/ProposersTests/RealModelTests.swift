import Checkpoints
import Foundation
import Kernels
import Models
import Search
import Testing
import Tokenization

@testable import Proposers

/// SmolLM2-135M-Instruct.Q4_1.gguf, where `SELFPRUNER_TEST_MODEL` says it is.
private let path = ProcessInfo.processInfo.environment["SELFPRUNER_TEST_MODEL"]

@Suite(.enabled(if: path != nil, "SELFPRUNER_TEST_MODEL is not set"), .serialized)
struct RealModelTests {
    private let checkpoint: any Checkpoint
    private let tokenizer: Tokenizer

    init() throws {
        checkpoint = try openCheckpoint(#require(path))
        tokenizer = try Tokenizer(checkpoint.tokenizer)
    }

    private func row(_ labels: [String]) -> Grammar {
        .sequence(
            labels.enumerated().flatMap { [.literal(" \($1)="), .integer(0...($0 % 2 == 0 ? 3 : 24))] }
                + [.literal("\n")])
    }

    /// The walk of the trie finds what asking every token finds, in every state of a row.
    @Test func masksOfTheWholeVocabulary() throws {
        let vocabulary = TokenVocabulary(tokenizer, size: checkpoint.description.vocabularySize)
        #expect(vocabulary.spellings[Int(try #require(tokenizer.id(ofToken: "Ġthe")))] == Array(" the".utf8))
        let automaton = try GrammarAutomaton(row(["Aa", "Ab"]))
        let mask = TokenMask(automaton, vocabulary)
        var text: [UInt8] = []
        for byte in " Aa=2 Ab=17\n".utf8 {
            let state = try #require(automaton.advance(automaton.start, text))
            let expected = vocabulary.spellings.indices.filter {
                !vocabulary.spellings[$0].isEmpty && automaton.advance(state, vocabulary.spellings[$0]) != nil
            }
            #expect(mask.allowed(state).tokens == expected.map(Int32.init))
            #expect(!expected.isEmpty)
            text.append(byte)
        }
    }

    @Test func labelsAreSingleTokens() {
        let labels = Labels.choose(60, tokenizer)
        #expect(Set(labels).count == 60)
        for label in labels {
            #expect(tokenizer.encode("1 \(label)=1", addingSpecialTokens: false).count == 4, "\(label)")
        }
    }

    /// Rows of the prompt are recombined, not drawn at random: far more values than by chance are those of some row
    /// above, in the same column.
    @Test func rowsAreRecombined() throws {
        let labels = Labels.choose(20, tokenizer)
        let model = try LlamaModel(checkpoint, precision: .automatic, positions: 800)
        let sampler = try ConstrainedSampler(model, tokenizer, positions: 800)
        var generator = SeededGenerator(seed: 1)
        let base = labels.indices.map { generator.uniform(below: $0 % 2 == 0 ? 4 : 25) }
        let rows = (0..<6).map { _ in
            base.enumerated().map {
                generator.uniform(below: 4) == 0 ? generator.uniform(below: $0 % 2 == 0 ? 4 : 25) : $1
            }
        }
        let prefix = rows.map { row in zip(labels, row).map { " \($0)=\($1)" }.joined() + "\n" }.joined()
        let requests = (0..<4).map {
            ConstrainedSampler.Request(
                suffix: "", grammar: row(labels), temperature: 0.8, generator: SeededGenerator(seed: 2, stream: $0))
        }
        let output = try sampler.generate(prefix: prefix, requests: requests)
        var (hits, chance) = (0.0, 0.0)
        for text in output.texts {
            let values = try text.split(whereSeparator: \.isWhitespace).map { part in
                try #require(Int(part.split(separator: "=")[1]))
            }
            #expect(values.count == labels.count)
            for (column, value) in values.enumerated() {
                let seen = Set(rows.map { $0[column] })
                hits += seen.contains(value) ? 1 : 0
                chance += Double(seen.count) / (column % 2 == 0 ? 4 : 25)
            }
        }
        #expect(hits > 1.6 * chance, "\(hits) of \(output.texts.count * labels.count), by chance \(chance)")
        #expect(output.forwardPasses <= 1 + 2 * labels.count)
    }
}
