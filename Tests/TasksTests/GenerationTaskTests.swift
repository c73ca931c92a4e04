import Foundation
import TestSupport
import Testing

@testable import Tasks

struct GenerationTaskTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static func declaration(_ changes: [String: String?] = [:]) -> String {
        var fields: [String: String] = [
            "name": #""en-de""#, "version": "1", "kind": #""generate""#, "file": #""pairs.jsonl""#,
            "prompt": #""English: {{translation.en}}\nGerman:""#, "reference": #""translation.de""#,
            "stop": #"["\n"]"#, "maxTokens": "32", "metrics": #"["bleu", "chrf"]"#,
        ]
        for (name, value) in changes { fields[name] = value }
        return "{" + fields.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
    }

    private static func task(_ changes: [String: String?] = [:]) throws -> GenerationTask {
        try GenerationTask(json: Array(declaration(changes).utf8), file: "x.json")
    }

    private func data(_ lines: [String]) throws -> String {
        try folder.write("pairs.jsonl", Data(lines.joined(separator: "\n").utf8))
    }

    private static let pairs = [
        #"{"translation": {"en": "The cat sleeps.", "de": "Die Katze schläft."}}"#,
        #"{"translation": {"en": "It rains.", "de": ["Es regnet.", "Regen fällt."]}}"#,
        #"{"translation": {"en": "Good night!", "de": "Gute Nacht!"}}"#,
    ]

    @Test func itemsHavePromptsAndReferences() throws {
        let items = try Self.task().items(data(Self.pairs))
        #expect(
            items.map(\.prompt) == ["The cat sleeps.", "It rains.", "Good night!"].map { "English: \($0)\nGerman:" })
        #expect(items.map(\.references) == [["Die Katze schläft."], ["Es regnet.", "Regen fällt."], ["Gute Nacht!"]])
        #expect(items.map(\.line) == [1, 2, 3])
        #expect(try Self.task().items(data(Self.pairs), limit: 1).count == 1)
    }

    /// The same as BLEU and chrF of the texts, which are held against sacreBLEU elsewhere.
    @Test func scoresAreThoseOfTheMetrics() throws {
        let task = try Self.task()
        let items = try task.items(data(Self.pairs))
        let answers = [" Die Katze schläft.\t", "Es schneit.", ""]
        let result = try task.score(items, answers)
        let stripped = ["Die Katze schläft.", "Es schneit.", ""]
        #expect(result.bleu == (try BLEU(stripped, items.map(\.references))).score)
        #expect(result.chrf == (try CharacterFScore(stripped, items.map(\.references))).score)
        #expect((result.bleu ?? 0) > 0 && (result.chrf ?? 0) > 0)
        #expect(result.items.map(\.text) == stripped && result.items.map(\.line) == [1, 2, 3])
        #expect(result.bleuSignature == "nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp")
        let single = try task.score(Array(items.prefix(1)), ["Die Katze schläft."])
        #expect(abs((single.chrf ?? 0) - 100) < 1e-9)
        #expect(single.chrfSignature == "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no")
        let only = try Self.task(["metrics": #"["chrf"]"#]).score(items, answers)
        #expect(only.bleu == nil && only.bleuSignature == nil && only.chrf == result.chrf)
        #expect(throws: TaskError.self) { _ = try task.score(items, ["too few"]) }
    }

    @Test(
        arguments: [
            (["name": nil], "lacks the field 'name'"), (["name": #""all""#], "'all'"),
            (["name": #""a,b""#], "'a,b'"), (["name": "\"\""], "'name'"),
            (["reference": nil], "lacks the field 'reference'"),
            (["reference": #""""#], "'reference'"), (["stop": #"["\n", ""]"#], "'stop' has an empty"),
            (["stop": "3"], "'stop' is no list"), (["maxTokens": "0"], "'maxTokens'"),
            (["maxTokens": "2.5"], "'maxTokens'"),
            (["maxTokens": "1e9"], "'maxTokens'"), (["maxTokens": #""x""#], "'maxTokens' is no number"),
            (["metrics": "[]"], "'metrics' is empty"), (["metrics": #"["acc"]"#], "'acc'"),
            (["prompt": #""{{en""#], "no template"), (["file": #""../x""#], "'file'"),
            (["gold": "0"], "'gold' is unknown"),
            (["kind": #""multiple_choice""#], "'kind'"),
        ] as [([String: String?], String)])
    func badDeclarationsAreErrors(_ changes: [String: String?], _ reason: String) throws {
        let error = #expect(throws: TaskError.self) { _ = try Self.task(changes) }
        #expect(error?.code == .badDeclaration && error?.file == "x.json")
        #expect(error?.message.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test(
        arguments: [
            (#"{"translation": {"de": "x"}}"#, TaskError.Code.missingField),
            (#"{"translation": {"en": "x"}}"#, .missingField), (#"{"translation": {"en": "x", "de": 3}}"#, .badField),
            (#"{"translation": {"en": "x", "de": []}}"#, .badField),
            (#"{"translation": {"en": "x", "de": ["y", 1]}}"#, .badField), ("[]", .badJSON), ("{", .badJSON),
        ] as [(String, TaskError.Code)])
    func badItemsAreErrors(_ line: String, _ code: TaskError.Code) throws {
        let path = try data([Self.pairs[0], line])
        let error = #expect(throws: TaskError.self) { _ = try Self.task().items(path) }
        #expect(error?.code == code && error?.line == 2 && error?.file == path)
    }

    /// A user's folder holds tasks of both kinds.
    @Test func theLibraryKnowsThem() throws {
        try folder.write("german.json", Data(Self.declaration().utf8))
        try folder.write("piqa.json", Data(Self.declaration(["name": #""piqa""#]).utf8))
        let library = try TaskLibrary(folder: folder(""))
        #expect(library.generationTasks.map(\.name) == ["en-de", "piqa"])
        #expect(!library.tasks.contains { $0.name == "piqa" })
        #expect(library.generationTasks(["boolq", "en-de"]).map(\.maximumTokens) == [32])
        #expect(try library.tasks(["boolq", "en-de", "piqa"]).map(\.name) == ["boolq"])
        #expect(library.generationTasks(["all"]).count == 2)
        #expect(try library.tasks(["all"]).count == 6)
        let error = #expect(throws: TaskError.self) { _ = try library.task("none") }
        #expect(error?.message.contains("en-de") == true)
        try folder.write("second.json", Data(Self.declaration(["name": #""piqa""#]).utf8))
        let twice = #expect(throws: TaskError.self) { _ = try TaskLibrary(folder: folder("")) }
        #expect(twice?.message.contains("piqa.json") == true)
        try folder.write("bad.json", Data(Self.declaration(["stop": nil]).utf8))
        #expect(throws: TaskError.self) { _ = try TaskLibrary(folder: folder("")) }
    }
}
