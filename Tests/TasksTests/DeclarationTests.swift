import Foundation
import TestSupport
import Testing

@testable import Tasks

struct DeclarationTests {
    /// One item of each task, made up, and what lm-evaluation-harness makes of it.
    private static let items: [(task: String, json: String, contexts: [String], continuations: [String], gold: Int)] = [
        (
            "boolq", #"{"question": "is ice cold", "answer": true, "passage": "Ice is frozen water."}"#,
            ["Ice is frozen water.\nQuestion: is ice cold?\nAnswer:"], [" no", " yes"], 1
        ),
        (
            "piqa", #"{"goal": "open a tin", "sol1": "use a key ", "sol2": "use a  spoon", "label": 0}"#,
            ["Question: open a tin\nAnswer:"], [" use a key ", " use a  spoon"], 0
        ),
        (
            "hellaswag",
            #"""
            {"ind": 4, "activity_label": "Baking bread", "ctx_a": "A man kneads.", "ctx_b": "he THEN", "endings":
            ["rests [substeps] it.", "[title] eats.", "is  done [title] Serve [step] warm.", "sings"], "label": "2"}
            """#,
            ["Baking bread: A man kneads. He then"],
            [" rests it.", "  eats.", " is done. Serve warm.", " sings"], 2
        ),
        (
            "winogrande",
            #"{"sentence": "Ann beat Eve since _ was fast_er. ", "option1": "Ann", "option2": "Eve", "answer": "2"}"#,
            ["Ann beat Eve since Ann", "Ann beat Eve since Eve"], [" was fast_er."], 1
        ),
        (
            "arc_easy",
            #"{"id": "x", "question": "What falls?", "choices": {"text": ["a", "b", "c"], "label": ["A", "B", "C"]}, "answerKey": "C"}"#,
            ["Question: What falls?\nAnswer:"], [" a", " b", " c"], 2
        ),
        (
            "arc_challenge",
            #"{"id": "x", "question": "What?", "choices": {"text": ["p", "q", "r", "s", "t"], "label": ["1", "2", "3", "4", "5"]}, "answerKey": "4"}"#,
            ["Question: What?\nAnswer:"], [" p", " q", " r", " s", " t"], 3
        ),
        (
            "openbookqa",
            #"{"id": "x", "question_stem": "Rain is", "choices": {"text": ["wet", "dry"], "label": ["A", "B"]}, "answerKey": " A"}"#,
            ["Rain is"], [" wet", " dry"], 0
        ),
    ]

    @Test(arguments: 0..<7)
    func promptsAreThoseOfTheHarness(_ index: Int) throws {
        let (name, json, contexts, continuations, gold) = Self.items[index]
        let task = try TaskLibrary().task(name)
        let folder = try TemporaryFolder()
        let path = try folder.write("data.jsonl", Array(json.replacingOccurrences(of: "\n", with: " ").utf8))
        let items = try task.items(path)
        #expect(items.count == 1 && items[0].line == 1 && items[0].gold == gold)
        let count = max(contexts.count, continuations.count)
        #expect(items[0].choices.map(\.context) == (0..<count).map { contexts[$0 % contexts.count] })
        #expect(items[0].choices.map(\.continuation) == (0..<count).map { continuations[$0 % continuations.count] })
        let isPartial = task.kind == .partialEvaluation
        #expect(
            items[0].choices.map(\.length)
                == (isPartial ? contexts : continuations).map { $0.unicodeScalars.count - (isPartial ? 0 : 1) })
    }

    @Test func sevenTasksWithTheirMetrics() throws {
        let library = try TaskLibrary()
        #expect(library.tasks.map(\.name) == TaskLibrary.standard)
        #expect(library.tasks.map(\.version) == [2, 1, 1, 1, 1, 1, 1])
        let normalized = library.tasks.filter { $0.metrics.contains(.normalizedAccuracy) }.map(\.name)
        #expect(normalized == ["piqa", "hellaswag", "arc_easy", "arc_challenge", "openbookqa"])
        #expect(library.tasks.allSatisfy { $0.targetDelimiter == " " && $0.fewShotDelimiter == "\n\n" })
        let error = #expect(throws: TaskError.self) { _ = try library.task("boolqq") }
        #expect(error?.code == .unknownTask && error?.message.contains("openbookqa") == true)
    }

    /// The clean-up of HellaSwag, as its regular expression and `str.replace` do it.
    @Test(
        arguments: [
            ("  a b\t", "a b"), ("Wash. [title] Dry.", "Wash.. Dry."), ("a [step] b", "a b"), ("[header]x", "x"),
            ("a[b", "a[b"), ("a]b", "a]b"), ("a[[b]c]", "ac]"), ("a [b\nc] d", "a [b\nc] d"), ("a[]b", "ab"),
            ("a   b    c", "a  b  c"), ("[title] x", " x"), ("x [a] [b] y", "x  y"), ("x [title]", "x. "), ("", ""),
            ("e\u{301} [é] \u{A0}", "e\u{301} "), ("\u{3000}x\u{2003}", "x"), ("a[b\n[c]d]", "a[b\nd]"),
        ])
    func cleanUp(_ text: String, _ expected: String) throws {
        let steps = try TaskLibrary().task("hellaswag").cleanUp
        #expect(Array(steps.apply(to: text).unicodeScalars) == Array(expected.unicodeScalars))
    }

    /// A task of a user's folder needs no Swift; one of a known name takes its place.
    @Test func foldersAddTasks() throws {
        let folder = try TemporaryFolder()
        try folder.write("colours.json", Array(Self.declaration().utf8))
        try folder.write("mine.json", Array(Self.declaration(["name": #""piqa""#]).utf8))
        try folder.write("notes.txt", Array("not a task".utf8))
        let library = try TaskLibrary(folder: folder(""))
        #expect(library.tasks.map(\.name) == TaskLibrary.standard + ["colours"])
        #expect(try library.task("piqa").dataFile == "colours.jsonl")
        let path = try folder.write(
            "colours.jsonl", Array(#"{"thing": "sky", "colours": ["blue", "red"], "right": 0}"#.utf8))
        let items = try library.task("colours").items(path)
        #expect(items[0].choices.map(\.context) == ["The sky is\n", "The sky is\n"])
        #expect(items[0].choices.map(\.continuation) == ["blue", "red"])
        #expect(throws: TaskError.self) { _ = try TaskLibrary(folder: folder("nowhere")) }
    }

    @Test func tasksAreChosenByName() throws {
        let library = try TaskLibrary()
        #expect(try library.tasks(["all"]).map(\.name) == TaskLibrary.standard)
        #expect(try library.tasks(["piqa", "boolq", "piqa"]).map(\.name) == ["piqa", "boolq"])
        #expect(try library.tasks(["boolq", "all"]).map(\.name) == TaskLibrary.standard)
        let error = #expect(throws: TaskError.self) { _ = try library.tasks(["piqa", ""]) }
        #expect(error?.code == .unknownTask)
    }

    @Test func twoDeclarationsOfOneName() throws {
        let folder = try TemporaryFolder()
        for name in ["one", "two"] { try folder.write("\(name).json", Array(Self.declaration().utf8)) }
        let error = #expect(throws: TaskError.self) { _ = try TaskLibrary(folder: folder("")) }
        #expect(error?.code == .badDeclaration && error?.description.contains("one.json") == true)
    }

    /// Ten thousands of signs that open and do not close: each is looked at once.
    @Test(.timeLimit(.minutes(1))) func cleanUpOfOpenSigns() throws {
        let steps = try TaskLibrary().task("hellaswag").cleanUp
        let text = String(repeating: "[", count: 400_000)
        #expect(steps.apply(to: text) == text)
        #expect(steps.apply(to: text + "]\n" + text) == "\n" + text)
    }

    static func declaration(_ changes: [String: String?] = [:]) -> String {
        var fields: [String: String] = [
            "name": #""colours""#, "version": "1.5", "kind": #""multiple_choice""#, "file": #""colours.jsonl""#,
            "prompt": #""The {{thing}} is\n""#, "choices": #""colours""#, "gold": #""{{right}}""#,
            "metrics": #"["acc"]"#, "targetDelimiter": "\"\"",
        ]
        for (name, value) in changes { fields[name] = value }
        return "{" + fields.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
    }

    @Test(
        arguments: [
            (["name": nil], "lacks the field 'name'"), (["kind": #""essay""#], "'essay'"),
            (["version": #""one""#], "'version' is no number"), (["prompt": #""{{thing""#], "no template"),
            (["prompt": nil], "lacks the field 'prompt'"), (["target": #""x""#], "'target' means nothing"),
            (["choices": #"["one"]"#], "fewer than two"), (["choices": "3"], "'choices' is no list"),
            (["gold": "1"], "'gold' is no string"), (["metrics": #"["f1"]"#], "'f1'"), (["metrics": "[]"], "'acc'"),
            (["file": #""../x""#], "'file'"), (["file": #"".""#], "'file'"), (["name": #""a,b""#], "'a,b'"),
            (["name": #""all""#], "'all'"), (["name": "\"\""], "'name'"), (["fewShotFile": "3"], "'fewShotFile'"),
            (["fewShotFile": #""colours.jsonl""#], "the file with the questions"),
            (["drawsSpareExample": "1"], "neither true nor false"), (["nonEmpty": "3"], "'nonEmpty' is no list"),
            (["metric": "[]"], "'metric' is unknown"),
            (["cleanUp": #"[{"step": "shout"}]"#], "'shout'"), (["cleanUp": #"["strip"]"#], "no object"),
            (["cleanUp": #"[{"step": "replace", "text": "", "with": "x"}]"#], "'text' is empty"),
            (["cleanUp": #"[{"step": "removeEnclosed", "open": "((", "close": ")"}]"#], "not one sign"),
            (["cleanUp": #"[{"step": "strip", "text": "x"}]"#], "'text' is unknown"),
        ] as [([String: String?], String)])
    func badDeclarationsAreErrors(_ changes: [String: String?], _ reason: String) throws {
        let json = Self.declaration(changes)
        let error = #expect(throws: TaskError.self) { _ = try TaskDeclaration(json: Array(json.utf8), file: "x.json") }
        #expect(error?.code == .badDeclaration && error?.file == "x.json")
        #expect(error?.message.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test(
        arguments: [
            (Array("{\"name\":\n\n[1 2]}".utf8), 3, "is not JSON"),
            (Array("{\n\"a\":\"".utf8) + [0xFF], 2, "is not UTF-8"),
            ([UInt8](repeating: 0x20, count: 2 << 20), nil, "is longer than 1048576 bytes"),
            (Array("[]".utf8), nil, "but no object"),
        ] as [([UInt8], Int?, String)])
    func whereADeclarationEnds(_ json: [UInt8], _ line: Int?, _ words: String) throws {
        let error = #expect(throws: TaskError.self) { _ = try TaskDeclaration(json: json, file: "x.json") }
        #expect(error?.line == line && error?.message.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["", "[]", "{", "\u{0}"]) func whatIsNoDeclaration(_ json: String) throws {
        let error = #expect(throws: TaskError.self) { _ = try TaskDeclaration(json: Array(json.utf8), file: "x.json") }
        #expect(error?.code == .badDeclaration)
    }
}
