import Foundation
import TestSupport
import Testing

@testable import Tasks

/// What Scripts/make-task-fixtures wrote: draws of Python's random module.
private struct Golden: Decodable {
    struct Case: Decodable {
        var seed: UInt32
        var wanted: Int
        var count: Int
        var samples: [[Int]]
    }

    var seed: UInt32
    /// The last of 1500.
    var lastWords: [UInt32]
    var cases: [Case]

    static func read() throws -> Golden {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appendingPathComponent("Fixtures/samples.json")))
    }
}

struct FewShotTests {
    @Test func drawsAreThoseOfPython() throws {
        let golden = try Golden.read()
        #expect(golden.cases.count >= 14)
        for golden in golden.cases {
            var random = PythonRandom(seed: golden.seed)
            for expected in golden.samples {
                let found = random.sample(golden.wanted, of: golden.count)
                #expect(found == expected, "\(golden.wanted) of \(golden.count)")
            }
        }
        var random = PythonRandom(seed: golden.seed)
        let words = (0..<1500).map { _ in random.bits() }
        #expect(Array(words.suffix(8)) == golden.lastWords)
    }

    private struct Setup {
        let folder: TemporaryFolder
        let questions: String
        let pool: String

        /// - Parameter things: of the examples.
        init(_ things: [String] = ["ant", "bee", "cat", "dog", "elk"]) throws {
            folder = try TemporaryFolder()
            func lines(_ things: [String]) -> [UInt8] {
                Array(
                    things.map { #"{"thing": "\#($0)", "colours": ["blue", "red"], "right": 1}"# }
                        .joined(separator: "\n").utf8)
            }
            questions = try folder.write("data.jsonl", lines(["sky", "bee", "sun"]))
            pool = try folder.write("train.jsonl", lines(things))
        }

        func contexts(_ shots: Int, spare: Bool, limit: Int? = nil) throws -> [String] {
            let json = DeclarationTests.declaration([
                "fewShotFile": #""train.jsonl""#, "drawsSpareExample": "\(spare)",
            ])
            let task = try TaskDeclaration(json: Array(json.utf8), file: "colours.json")
            return try task.items(questions, limit: limit, examples: FewShot(count: shots, path: pool))
                .map { $0.choices[0].context }
        }
    }

    /// For one question after the other, from one generator.
    @Test func examplesComeFirst() throws {
        let things = ["ant", "bee", "cat", "dog", "elk"]
        let golden = try #require(Golden.read().cases.first { $0.seed == 1234 && $0.wanted == 3 && $0.count == 5 })
        let questions = ["sky", "bee", "sun"]
        let setup = try Setup()
        func expected(_ question: Int, _ chosen: [String]) -> String {
            chosen.map { "The \($0) is\nred\n\n" }.joined() + "The \(questions[question]) is\n"
        }
        let plain = try setup.contexts(3, spare: false)
        let spared = try setup.contexts(2, spare: true)
        for question in 0..<3 {
            let drawn = golden.samples[question].map { things[$0] }
            #expect(plain[question] == expected(question, drawn))
            // One that is the question itself is left out, else the last one.
            #expect(spared[question] == expected(question, Array(drawn.filter { $0 != questions[question] }.prefix(2))))
        }
        // A limit changes nothing for those before it.
        #expect(try setup.contexts(3, spare: false, limit: 2) == Array(plain.prefix(2)))
        #expect(try setup.contexts(0, spare: true) == questions.map { "The \($0) is\n" })
    }

    /// Where copies of the question are drawn, the harness draws again without them.
    @Test func copiesOfTheQuestionAreNoExamples() throws {
        let setup = try Setup(["bee", "bee", "bee", "cat", "dog"])
        let contexts = try setup.contexts(2, spare: true)
        #expect(contexts[1].components(separatedBy: "The ").count == 4)
        #expect(contexts[1].components(separatedBy: "bee").count == 2)
    }

    @Test func fewExamplesAreAnError() throws {
        let setup = try Setup()
        for (shots, spare) in [(6, false), (5, true)] {
            let error = #expect(throws: TaskError.self) { _ = try setup.contexts(shots, spare: spare) }
            #expect(error?.code == .noItems && error?.file?.hasSuffix("train.jsonl") == true)
        }
        let few = try Setup(["bee", "bee", "cat"])
        #expect(throws: TaskError.self) { _ = try few.contexts(2, spare: true) }
    }

    @Test func badExamplesNameTheirLine() throws {
        let setup = try Setup()
        let bad = Array("{\"thing\": \"ant\", \"colours\": [\"a\", \"b\"], \"right\": 7}\n".utf8)
        try setup.folder.write("train.jsonl", bad + bad)
        let error = #expect(throws: TaskError.self) { _ = try setup.contexts(1, spare: false) }
        #expect(error?.code == .wrongGold && error?.line != nil && error?.file?.hasSuffix("train.jsonl") == true)
    }

    /// The seven tasks' examples come from training files, and one more is drawn where lm-eval has no test split.
    @Test func standardTasks() throws {
        for task in try TaskLibrary().tasks {
            #expect(task.fewShotFile == task.dataFile.replacingOccurrences(of: "_validation", with: "_train"))
            #expect(task.drawsSpareExample == ["boolq", "piqa", "hellaswag", "winogrande"].contains(task.name))
        }
    }
}
