import Testing

@testable import Proposers

@Test func errorNamesTheFile() {
    #expect(ProposerError(.badPrompt, "It is empty", file: "mutate.txt").description == "It is empty (mutate.txt).")
}
