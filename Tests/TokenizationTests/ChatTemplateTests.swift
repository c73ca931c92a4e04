import Foundation
import Testing

@testable import Tokenization

/// What Jinja itself makes of the templates in Fixtures/chat-templates; written by Scripts/make-chat-fixtures.
private enum Golden {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/chat-templates")

    struct Conversation: CustomTestStringConvertible, Sendable {
        var template: String
        var messages: [ChatMessage]
        var addingGenerationPrompt: Bool
        var variables: [String: TemplateValue]
        /// Nil if Jinja refuses.
        var output: String?

        var testDescription: String { "\(template), \(messages.map(\.role))" }
    }

    struct Snippet: CustomTestStringConvertible, Sendable {
        var source: String
        var output: String?

        var testDescription: String { source }
    }

    static let sources: [String: String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return Dictionary(
            uniqueKeysWithValues: names.filter { $0.hasSuffix(".jinja") }.map { name in
                (name, (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? "")
            })
    }()

    private static let json: Ordered = {
        guard let data = try? Data(contentsOf: folder.appendingPathComponent("golden.json")) else { return .none }
        var reader = OrderedReader(bytes: Array(data))
        return reader.value()
    }()

    static let conversations: [Conversation] = json["templates"].array.map { item in
        Conversation(
            template: item["template"].string ?? "",
            messages: item["messages"].array.map {
                ChatMessage(role: $0["role"].string ?? "", content: $0["content"].string ?? "")
            },
            addingGenerationPrompt: item["addGenerationPrompt"].isTrue, variables: item["variables"].entries,
            output: item["output"].string)
    }

    static let snippetVariables = json["snippetVariables"].entries
    static let snippets: [Snippet] = json["snippets"].array.map {
        Snippet(source: $0["source"].string ?? "", output: $0["output"].string)
    }
}

private typealias Ordered = TemplateValue

extension TemplateValue {
    fileprivate subscript(_ key: String) -> TemplateValue { entries[key] ?? .none }
    fileprivate var entries: [String: TemplateValue] {
        guard case .mapping(let entries) = self else { return [:] }
        return Dictionary(entries.map { ($0.key, $0.value) }) { $1 }
    }
    fileprivate var array: [TemplateValue] { if case .list(let items) = self { items } else { [] } }
    fileprivate var string: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var isTrue: Bool { if case .boolean(true) = self { true } else { false } }
}

/// Reads well-formed JSON with its keys in order, which Foundation does not.
private struct OrderedReader {
    let bytes: [UInt8]
    var position = 0

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    private mutating func skip(_ character: Character) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func text() -> String {
        _ = skip("\"")
        let start = position - 1
        while bytes[position] != UInt8(ascii: "\"") { position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1 }
        position += 1
        let literal = Data(bytes[start..<position])
        return (try? JSONSerialization.jsonObject(with: literal, options: .fragmentsAllowed)) as? String ?? ""
    }

    mutating func value() -> TemplateValue {
        skipSpace()
        if skip("{") {
            var entries: [(key: String, value: TemplateValue)] = []
            while !skip("}") {
                _ = skip(",")
                skipSpace()
                let key = text()
                _ = skip(":")
                entries.append((key, value()))
            }
            return .mapping(entries)
        }
        if skip("[") {
            var items: [TemplateValue] = []
            while !skip("]") {
                _ = skip(",")
                items.append(value())
            }
            return .list(items)
        }
        if bytes[position] == UInt8(ascii: "\"") { return .string(text()) }
        let start = position
        while position < bytes.count, !",]} \n".utf8.contains(bytes[position]) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "null": return .none
        case "true", "false": return .boolean(word == "true")
        default: return Int(word).map { .integer($0) } ?? .number(Double(word) ?? .nan)
        }
    }
}

@Suite struct ChatTemplateTests {
    @Test func goldenValuesAreThere() {
        #expect(Golden.sources.count >= 10)
        #expect(Golden.conversations.count >= 200)
        #expect(Golden.conversations.filter { $0.output != nil }.count >= 150)
        #expect(Golden.snippets.count >= 90)
    }

    @Test(arguments: Golden.conversations)
    fileprivate func rendersAsJinjaDoes(_ golden: Golden.Conversation) throws {
        let template = try ChatTemplate(try #require(Golden.sources[golden.template]))
        let rendering = Result { () throws(ChatTemplateError) -> String in
            try template.render(
                messages: golden.messages, addingGenerationPrompt: golden.addingGenerationPrompt,
                variables: golden.variables)
        }
        switch rendering {
        case .success(let text): expectSame(text, golden.output)
        case .failure(let error): #expect(golden.output == nil, "\(error)")
        }
    }

    @Test(arguments: Golden.snippets)
    fileprivate func evaluatesAsJinjaDoes(_ golden: Golden.Snippet) {
        do throws(ChatTemplateError) {
            let template = try ChatTemplate(golden.source)
            let text = try template.render(
                messages: [], addingGenerationPrompt: false, variables: Golden.snippetVariables)
            expectSame(text, golden.output)
        } catch {
            #expect(golden.output == nil, "\(error)")
        }
    }

    /// Equality scalar by scalar: `==` on strings takes canonically equivalent texts as equal.
    private func expectSame(_ text: String, _ expected: String?) {
        #expect(
            text.unicodeScalars.elementsEqual((expected ?? "").unicodeScalars) && expected != nil,
            "\(text.debugDescription) instead of \(expected?.debugDescription ?? "an error")")
    }

    private func render(_ source: String, _ variables: [String: TemplateValue] = [:]) throws -> String {
        try ChatTemplate(source).render(messages: [], addingGenerationPrompt: true, variables: variables)
    }

    @Test(arguments: [
        (
            "a\n{{ raise_exception('no \\n way.') }}", ChatTemplateError.Code.raised, 2,
            "the template refuses these messages: no   way"
        ),
        ("{{ messages[0].role }}", .undefined, 1, "'element 0' is undefined, so it has no 'role'"),
        ("\n\n{% if %}", .syntax, 3, "expected a value"),
        ("{% for x in y %}", .syntax, 1, "the template ends where else or endfor must follow"),
        ("{% include 'x' %}", .unsupported, 1, "the statement 'include' is not supported"),
        ("{% for i in [1] %}\n{{ 1 + 'a' }}{% endfor %}", .type, 2, "'+' does not fit an integer and a string"),
        ("{{ 9223372036854775807 + 1 }}", .type, 1, "an integer is too large"),
    ])
    func errorsNameTheLine(_ source: String, _ code: ChatTemplateError.Code, _ line: Int, _ message: String) {
        #expect(throws: ChatTemplateError(code, message, line: line)) { try render(source) }
    }

    @Test func errorsAreSentences() {
        #expect(
            ChatTemplateError(.syntax, "expected a value", line: 3).description
                == "Chat template, line 3: expected a value.")
    }

    /// As Jinja 3.1 renders them with `keep_trailing_newline` alone, which is how lm_eval does.
    @Test(arguments: [
        ("{% if title %}{{title}}\n{% endif %}\nQ: {{q}}", "T\n\nQ: x"),
        ("{% for c in cs %}\n  {% if c %}{{c}}{% endif %}\n{% endfor %}\n", "\n  a\n\n  \n\n  b\n\n"),
        ("a\n  {# x #}\n b {%- if title %}\n c{% endif -%}\n d\n", "a\n  \n b\n cd\n"),
        ("{% set x = 1 %}\n{{x}}\n", "\n1\n"),
    ])
    func whiteSpaceThatIsKept(_ source: String, _ text: String) throws {
        let variables: [String: TemplateValue] = [
            "title": .string("T"), "q": .string("x"), "cs": .list([.string("a"), .string(""), .string("b")]),
        ]
        #expect(try ChatTemplate(source, keepsWhiteSpace: true).render(variables) == text)
    }

    @Test func timeIsGiven() throws {
        let template = try ChatTemplate("{{ strftime_now('%Y %B %b %m %-m %y %p %j %A %a %%') }}")
        // 15 June 2024, 12:00 UTC: the same day from UTC-12 to UTC+11.
        let text = try template.render(messages: [], addingGenerationPrompt: false, time: 1_718_452_800)
        let expected = ["2024 June Jun 06 6 24 AM 167 Saturday Sat %", "2024 June Jun 06 6 24 PM 167 Saturday Sat %"]
        #expect(expected.contains(text))
        #expect(try render("{{ strftime_now('%Y') | int > 2020 }}") == "True")
    }

    @Test func appendIsAllowed() throws {
        #expect(try render("{% set l = [1] %}{% if l.append(2) %}{% endif %}{{ l }}") == "[1, 2]")
    }

    // MARK: Hostile templates

    @Test(arguments: [
        "{{ " + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + " }}",
        "{{ " + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + " }}",
        "{{ " + String(repeating: "not ", count: 5000) + "1 }}",
        "{{ " + String(repeating: "-", count: 5000) + "1 }}",
        "{{ " + String(repeating: "1 if 1 else ", count: 5000) + "1 }}",
        String(repeating: "{% if 1 %}", count: 5000) + String(repeating: "{% endif %}", count: 5000),
        String(repeating: "x", count: 2 << 20),
        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
        "{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ range(1000000000) }}",
        "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s=[1, 2, 3]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{{ 'x' * 999999999999 }}",
        "{{ 'ab'.replace('', 'x' * 1000000).replace('x', 'y' * 1000000) }}",
        "{% set l = [] %}{% if l.append(l) %}{% endif %}{{ l }}",
        "{% set l = [] %}{% if l.append(l) %}{% endif %}{{ l | tojson }}",
        "{% set l = [] %}{% set m = [] %}{% if l.append(l) or m.append(m) %}{% endif %}{{ l == m }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set a = 'a' * 1000000 %}{% for i in range(90000) %}{% if (a ~ i) == (a ~ 'x') %}{% endif %}{% endfor %}",
        "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ {'a': 1}.items() | tojson(indent='x' * 30000000) }}",
        "{% set l = [] %}{% for i in range(90000) %}{% if l.append('x' * 1000) %}{% endif %}{% endfor %}{{ l | sort }}",
    ])
    func boundsHold(_ source: String) {
        let start = ContinuousClock.now
        #expect { try render(source) } throws: { ($0 as? ChatTemplateError)?.code == .limit }
        #expect(ContinuousClock.now - start < .seconds(120))
    }

    @Test func longChainsAreNotDeep() throws {
        let sum = Array(repeating: "1", count: 5000).joined(separator: " + ")
        #expect(try render("{{ \(sum) }}") == "5000")
        #expect(try render("{{ 'a'\(String(repeating: "|upper|lower", count: 2000)) }}") == "a")
    }

    /// Templates with pieces cut out, doubled, swapped or replaced: an answer or an error, at once, never a crash.
    @Test func mutatedTemplatesDoNotCrash() {
        var random = SplitMix(state: 20_250_501)
        let pieces = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", "|", ".", ":", ",",
            "0",
            "9223372036854775807", "-9223372036854775808", "1e999", " not ", " in ", " if ", " else ", " is ", "loop",
            "[::-1]",
            "messages", "none", "*", "**", "//", "%", "~", "\u{301}", "\u{FEFF}", "🦙", "\0", "{% endfor %}",
            "{% endif %}",
            "{% for x in messages %}", "{% raw %}", "{{ x", "|length", "|tojson", ".items()", "[0]", "[-1]",
            "namespace(",
        ].map { Array($0.unicodeScalars) }
        var sources = Golden.sources.keys.sorted().compactMap { Golden.sources[$0] }.map { Array($0.unicodeScalars) }
        sources += Golden.snippets.map { Array($0.source.unicodeScalars) }
        let messages = [ChatMessage(role: "system", content: "s"), ChatMessage(role: "user", content: "u")]
        let start = ContinuousClock.now
        var rendered = 0
        for round in 0..<10_000 {
            var text = sources[round % sources.count]
            for _ in 0..<(1 + random.below(4)) {
                let place = random.below(text.count + 1)
                let end = min(text.count, place + random.below(12))
                switch random.below(4) {
                case 0: text.removeSubrange(place..<end)
                case 1: text.insert(contentsOf: text[place..<end], at: random.below(text.count + 1))
                case 2: text.replaceSubrange(place..<end, with: pieces[random.below(pieces.count)])
                default: text.insert(contentsOf: pieces[random.below(pieces.count)], at: place)
                }
            }
            guard let template = try? ChatTemplate(String(template: text)) else { continue }
            let prompt = try? template.render(
                messages: messages, addingGenerationPrompt: true, variables: Golden.snippetVariables)
            rendered += prompt == nil ? 0 : 1
        }
        #expect(rendered > 500, "mutations are so harsh that they test only the parser")
        #expect(ContinuousClock.now - start < .seconds(300))
    }
}

/// Sebastiano Vigna's SplitMix64.
private struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
    }
}
