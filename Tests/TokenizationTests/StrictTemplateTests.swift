import Testing

@testable import Tokenization

/// Templates of what is no conversation.
struct StrictTemplateTests {
    private static let variables: [String: TemplateValue] = [
        "text": .string(" aB "), "list": .list([.string("x"), .string("y")]), "key": .string("y"),
        "map": .mapping([(key: "list", value: .list([.integer(3)]))]),
    ]

    @Test(
        arguments: [
            ("{{text | trim}}:{{text | capitalize}}", "aB: ab "), ("{{list.index(key)}}{{map.list[0]}}", "13"),
            ("{{missing | default('d')}}{{missing is defined}}", "dFalse"), ("no tag", "no tag"),
            ("{% if missing %}x{% else %}y{% endif %}", "y"), ("{{[false, true].index(true)}}", "1"),
        ])
    func variablesAreAllThereIs(_ template: String, _ expected: String) throws {
        #expect(try ChatTemplate(template).render(Self.variables) == expected)
    }

    @Test(
        arguments: [
            "{{missing}}", "{{missing | upper}}", "{{missing | int}}", "{{map.nothing}}", "{{'a' ~ missing}}",
            "{{list.index(missing)}}", "{{list[2]}}", "{% for x in missing %}{% endfor %}", "{{messages}}",
            "{{text.split('_')[1] | trim}}", "{{missing == 1}}", "{{missing | length}}",
        ])
    func whatIsMissingIsAnError(_ template: String) throws {
        let error = #expect(throws: ChatTemplateError.self) { _ = try ChatTemplate(template).render(Self.variables) }
        #expect(error?.code == .undefined && error?.message.contains("undefined") == true)
    }
}
