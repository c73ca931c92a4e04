import Foundation
import Search
import TestSupport
import Testing
import Tokenization

@testable import Proposers

struct PromptLibraryTests {
    /// Every variable that some prompt gets.
    private static func values(
        _ state: SearchState, labels: [String]? = nil, chat: Bool = false
    ) -> [String: TemplateValue] {
        let facts = PromptFacts(shape: .tiny, state: state, labels: labels ?? state.space.partNames)
        let shown = state.shown(4, proposer: "test")
        var values = facts.common(shown)
        values["chat"] = .boolean(chat)
        values["slot"] = .integer(2)
        values["slots"] = .integer(5)
        if let first = shown.first { values["first"] = facts.candidate(first, number: 1) }
        if let second = shown.last { values["second"] = facts.candidate(second, number: 2) }
        return values
    }

    private static let anchors = ["Aa", "Ab", "Ac", "Ad", "Ae", "Af"]

    @Test(arguments: PromptLibrary.Name.allCases)
    func builtInPromptsAreCleanText(_ name: PromptLibrary.Name) throws {
        let library = try PromptLibrary()
        for granularity in SearchSpace.Granularity.allCases {
            for (count, isSensitive, isChat) in [
                (10, true, false), (10, false, true), (3, true, false), (0, false, true),
            ] {
                let hasParents = [.selfCrossover, .selfMutate, .chatCrossover, .chatMutate].contains(name)
                guard count > 0 || !hasParents else { continue }
                let state = try smallState(smallSpace(granularity: granularity), count: count, sensitive: isSensitive)
                let text = try library.render(name, Self.values(state, chat: isChat))
                #expect(text == text.trimmingCharacters(in: .whitespacesAndNewlines))
                #expect(count == 0 || !text.isEmpty)
                #expect(!text.contains("\n\n\n"))
                #expect(!text.contains("{%") && !text.contains("{{"))
                for line in text.split(separator: "\n") {
                    #expect(!line.contains("  "), "two spaces in \(name.rawValue): \(line)")
                    #expect(line.last != " ", "a space at the end of \(name.rawValue): \(line)")
                }
            }
        }
    }

    /// The form that was measured to make a small model recombine: a label before every value.
    @Test func selfPromptsAreThis() throws {
        let library = try PromptLibrary()
        let state = try smallState(smallSpace(), count: 10)
        let values = Self.values(state, labels: Self.anchors)
        let prefix = try library.render(.selfPrefix, values)
        #expect(prefix == Self.goldenPrefix)
        #expect(try library.render(.selfGenerate, values) == "better:")
        #expect(try library.render(.selfSelect, values) == "best two:")
        #expect(try library.render(.selfCrossover, values) == Self.goldenCrossover)
        #expect(try library.render(.selfMutate, values) == Self.goldenMutate)
    }

    private static let goldenPrefix = """
        TinyLM: levels of its parts, 30 of 100 parameters removed.
        need, 0 low to 9 high: Aa=1 Ab=6 Ac=5 Ad=3 Ae=7 Af=6
        1. loss 3.680: Aa=2 Ab=3 Ac=3 Ad=6 Ae=2 Af=6
        2. loss 3.201: Aa=3 Ab=5 Ac=2 Ad=2 Ae=2 Af=8
        3. loss 2.394: Aa=2 Ab=8 Ac=2 Ad=2 Ae=3 Af=5
        4. loss 1.923: Aa=1 Ab=6 Ac=3 Ad=3 Ae=3 Af=6
        """
    private static let goldenCrossover = """
        parent 1: Aa=2 Ab=3 Ac=3 Ad=6 Ae=2 Af=6
        parent 2: Aa=1 Ab=6 Ac=3 Ad=3 Ae=3 Af=6
        parent 1: Aa=2 Ab=3 Ac=3 Ad=6 Ae=2 Af=6
        parent 2: Aa=1 Ab=6 Ac=3 Ad=3 Ae=3 Af=6
        better:
        """
    private static let goldenMutate = """
        good move: Aa-1>Ac, Ab-2>Ae, Ad-5>Af
        bad move: Aa-2>Af
        bad move: Ab-1>Aa, Ac-1>Af, Ad-1>Af
        loss 3.680: Aa=2 Ab=3 Ac=3 Ad=6 Ae=2 Af=6
        good move:
        """

    @Test func candidatesStandWorstFirstWithTheirNumbers() throws {
        let state = try smallState(smallSpace(), count: 10)
        let text = try PromptLibrary().render(.chatSelect, Self.values(state))
        let lines = text.split(separator: "\n").filter { $0.contains(". loss ") }
        #expect(lines.count == 4)
        #expect(lines.map { $0.prefix { $0 != "." } } == ["1", "2", "3", "4"])
        let losses = lines.compactMap { Double($0.split(separator: " ")[2].dropLast()) }
        #expect(losses == losses.sorted(by: >))
        // The best of all is among them, and so are the levels as they are.
        let best = state.population[0]
        #expect(
            lines.last?.hasSuffix(zip(state.space.partNames, best.candidate.levels).map { " \($0)=\($1)" }.joined())
                == true)
    }

    @Test func shownCandidatesAreTheBestAndSomeOthers() throws {
        let state = try smallState(smallSpace(), count: 20)
        #expect(state.shown(0, proposer: "x").isEmpty)
        #expect(state.shown(30, proposer: "x").map(\.index) == state.population.reversed().map(\.index))
        for count in 1...19 {
            let shown = state.shown(count, proposer: "x")
            #expect(shown.count == count && Set(shown.map(\.index)).count == count)
            #expect(shown.map(\.fitness) == shown.map(\.fitness).sorted(by: >))
            #expect(
                shown.suffix((count + 1) / 2).map(\.index)
                    == state.population.prefix((count + 1) / 2).reversed().map(\.index))
        }
        let others = try (6...20).map {
            try smallState(smallSpace(), count: 20, generation: $0).shown(6, proposer: "x").map(\.index)
        }
        #expect(Set(others).count > 5)
    }

    @Test func strangeNumbersMakeFacts() throws {
        let space = try smallSpace()
        let budget = try Budget(rate: 0.3, of: space)
        for sensitivity in [0, -1, .nan, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            for fitness in [0, -1, 1e300, .leastNonzeroMagnitude] {
                let state = SearchState(
                    space: space, budget: budget, generation: 1,
                    records: [
                        FitnessRecord(
                            index: 0, candidate: Candidate(levels: [0, 0, 0, 0, 0, 0]), scores: [fitness],
                            operator: .mutation)
                    ], sensitivities: [1, 2, 3, 4, 5, sensitivity])
                for rate in [0.3, .nan, .infinity] {
                    var shape = ModelShape.tiny
                    shape.rate = rate
                    let facts = PromptFacts(shape: shape, state: state, labels: space.partNames)
                    #expect(!facts.common(state.shown(2, proposer: "x")).isEmpty)
                }
            }
        }
    }

    // MARK: A user's own

    @Test func oneFileTakesThePlaceOfTheProgramsOwn() throws {
        let folder = try TemporaryFolder()
        try folder.write("self-select.txt", Array("{{ candidates | length }} there: ".utf8))
        try folder.write("notes.md", Array("{% nonsense".utf8))
        let values = Self.values(try smallState(smallSpace()))
        let library = try PromptLibrary(folder: folder.path)
        #expect(try library.render(.selfSelect, values) == "4 there:")
        #expect(try library.render(.selfGenerate, values) == PromptLibrary().render(.selfGenerate, values))
    }

    private func failure(_ folder: String) -> ProposerError? {
        do {
            _ = try PromptLibrary(folder: folder)
            return nil
        } catch { return error }
    }

    @Test func aFolderWithoutPromptsIsAnError() throws {
        let folder = try TemporaryFolder()
        try folder.write("self_select.txt", Array("x".utf8))
        for path in [folder.path, folder("none"), folder("self_select.txt")] {
            let error = try #require(failure(path))
            #expect(error.code == .badPrompt && error.file == path)
            #expect(error.description.contains("self-prefix.txt"))
        }
    }

    @Test(arguments: [
        "{% if %}", "{{ candidates", "{% for x in y %}", "{{ 1 + }}",
        "{{ raise_exception('not like this') }}", "{{ parts.none.such }}", "{{ parts[0].label + 1 }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% if needs %}{{ raise_exception('only with sensitivities') }}{% endif %}",
        "{% if granularity == 'layer' %}{{ raise_exception('only of blocks') }}{% endif %}",
    ])
    func aBadTemplateIsAnErrorThatNamesItsFile(_ source: String) throws {
        let folder = try TemporaryFolder()
        for name in ["self-prefix.txt", "chat-mutate.txt"] {
            let other = try TemporaryFolder()
            let path = try other.write(name, Array(source.utf8))
            let error = try #require(failure(other.path))
            #expect(error.code == .badPrompt && error.file == path)
            #expect(error.description.hasSuffix("(\(path))."))
            #expect(!error.message.hasSuffix("."))
        }
        try folder.write("self-prefix.txt/x", [])
        #expect(failure(folder.path)?.code == .badPrompt)
    }

    @Test func bytesThatAreNoTextDoNoHarm() throws {
        let folder = try TemporaryFolder()
        try folder.write("self-select.txt", [0xff, 0xfe, 0x00, 0x41])
        let text = try PromptLibrary(folder: folder.path).render(
            .selfSelect, Self.values(try smallState(smallSpace())))
        #expect(text.hasSuffix("A"))
    }
}
