import TestSupport
import Testing

@testable import Tasks

struct DataTests {
    private static let good = #"{"goal": "g", "sol1": "a", "sol2": "b", "label": 1}"#

    private func items(_ bytes: [UInt8], task: String = "piqa", limit: Int? = nil) throws -> [TaskItem] {
        let folder = try TemporaryFolder()
        return try TaskLibrary().task(task).items(folder.write("data.jsonl", bytes), limit: limit)
    }

    /// Each behind a sound line and an empty one, so that it is the third.
    @Test(
        arguments: [
            (#"{"goal": "g", "sol1": "a", "label": 1}"#, .missingField, "'sol2' is undefined"),
            (#"{"sol1": "a", "sol2": "b", "label": 1}"#, .missingField, "'goal' is undefined"),
            (#"{"goal": null, "sol1": "a", "sol2": "b", "label": 1}"#, .missingField, "'goal' is undefined"),
            (#"{"goal": "g", "sol1": "a", "sol2": "b"}"#, .missingField, "'label' is undefined"),
            (#"{"goal": "g", "sol1": "a", "sol2": "b", "label": 2}"#, .wrongGold, "'2'"),
            (#"{"goal": "g", "sol1": "a", "sol2": "b", "label": -1}"#, .wrongGold, "'-1'"),
            (#"{"goal": "g", "sol1": "a", "sol2": "b", "label": "x"}"#, .wrongGold, "'x'"),
            (#"{"goal": "g", "sol1": "", "sol2": "b", "label": 1}"#, .emptyChoice, "Choice 0 is empty"),
            (#"{"goal": "g", "sol1": "a", "sol2": " \t", "label": 1}"#, .emptyChoice, "Choice 1 is empty"),
            (#"{"goal": "g", "sol1": "a", "sol2": "b", "label": 1"#, .badJSON, "not JSON"),
            (#"["goal", "g"]"#, .badJSON, "no object"),
            ("null", .badJSON, "no object"),
            (String(repeating: "[", count: 100_000), .badJSON, "not JSON"),
        ] as [(String, TaskError.Code, String)])
    func badLinesAreErrors(_ line: String, _ code: TaskError.Code, _ reason: String) throws {
        let error = #expect(throws: TaskError.self) {
            _ = try items(Array("\(Self.good)\r\n\n\(line)\n\(Self.good)\n".utf8))
        }
        #expect(error?.code == code && error?.line == 3, "\(error?.description ?? "")")
        #expect(error?.message.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.file?.hasSuffix("data.jsonl") == true)
    }

    @Test(
        arguments: [
            (
                "arc_easy",
                #"{"question": "q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "C"}"#,
                .wrongGold
            ),
            ("arc_easy", #"{"question": "q", "choices": {"text": ["a", "b"], "label": ["A", "B"]}}"#, .missingField),
            ("arc_easy", #"{"question": "q", "choices": {"label": ["A"]}, "answerKey": "A"}"#, .missingField),
            (
                "arc_easy", #"{"question": "q", "choices": {"text": ["a", 1], "label": ["A", "B"]}, "answerKey": "A"}"#,
                .badField
            ),
            (
                "arc_easy", #"{"question": "q", "choices": {"text": ["a"], "label": ["A"]}, "answerKey": "A"}"#,
                .fewChoices
            ),
            (
                "winogrande", #"{"sentence": "no gap", "option1": "a", "option2": "b", "answer": "1"}"#, .missingField
            ),
            ("winogrande", #"{"sentence": "a _", "option1": "a", "option2": "b", "answer": "1"}"#, .emptyChoice),
            ("winogrande", #"{"sentence": "a _ b", "option1": "a", "option2": "b", "answer": "3"}"#, .wrongGold),
            ("winogrande", #"{"sentence": "a _ b", "option1": "", "option2": "b", "answer": "1"}"#, .emptyChoice),
            ("winogrande", #"{"sentence": "a _ b", "option1": "a", "option2": " \t", "answer": "1"}"#, .emptyChoice),
            ("winogrande", #"{"sentence": "a _ b", "option1": "a", "answer": "1"}"#, .missingField),
            (
                "winogrande", #"{"sentence": "a _ b", "option1": null, "option2": "b", "answer": "1"}"#, .missingField
            ),
            ("boolq", #"{"question": "q", "passage": "p", "answer": "maybe"}"#, .wrongGold),
            (
                "hellaswag",
                #"{"activity_label": "l", "ctx_a": "a", "ctx_b": "b", "endings": ["[x]", "b"], "label": "0"}"#,
                .emptyChoice
            ),
        ] as [(String, String, TaskError.Code)])
    func badItemsAreErrors(_ task: String, _ line: String, _ code: TaskError.Code) throws {
        let error = #expect(throws: TaskError.self) { _ = try items(Array(line.utf8), task: task) }
        #expect(error?.code == code && error?.line == 1, "\(error?.description ?? "")")
    }

    @Test func bytesThatAreNotUTF8() throws {
        let line = Array(#"{"goal": ""#.utf8) + [0xFF] + Array(#"", "sol1": "a", "sol2": "b", "label": 1}"#.utf8)
        let error = #expect(throws: TaskError.self) { _ = try items(Array(Self.good.utf8) + [0x0A] + line) }
        #expect(error?.code == .badEncoding && error?.line == 2)
    }

    /// Ten megabytes in one line, with and without an end.
    @Test(arguments: [true, false]) func longLines(_ ends: Bool) throws {
        var bytes = Array(Self.good.utf8) + [0x0A] + [UInt8](repeating: 0x61, count: 10 << 20)
        if ends { bytes += [0x0A] + Array(Self.good.utf8) }
        let error = #expect(throws: TaskError.self) { _ = try items(bytes) }
        #expect(error?.code == .lineTooLong && error?.line == 2)
    }

    @Test func linesAreReadAsTheyCome() throws {
        let bytes = [0xEF, 0xBB, 0xBF] + Array("\(Self.good)\r\n  \n\(Self.good)\n\n\(Self.good)".utf8)
        #expect(try items(bytes).map(\.line) == [1, 3, 5])
        #expect(try items(bytes, limit: 2).map(\.line) == [1, 3])
        // What lies behind the limit is not looked at.
        #expect(try items(bytes + Array("\nnonsense".utf8), limit: 3).count == 3)
    }

    @Test func nothingToEvaluate() throws {
        for (bytes, limit) in [([UInt8](), nil), (Array("\n \n".utf8), nil), (Array(Self.good.utf8), 0)]
            as [([UInt8], Int?)]
        {
            let error = #expect(throws: TaskError.self) { _ = try items(bytes, limit: limit) }
            #expect(error?.code == .noItems)
        }
        let folder = try TemporaryFolder()
        let task = try TaskLibrary().task("piqa")
        for path in [folder("absent.jsonl"), folder("")] {
            let error = #expect(throws: TaskError.self) { _ = try task.items(path) }
            #expect(error?.code == .unreadable)
        }
    }
}
