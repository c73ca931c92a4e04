import Testing

@testable import ChatClient

@Test func errorIsASentence() {
    #expect(ChatError(.timeout, "No reply came").description == "No reply came.")
}
