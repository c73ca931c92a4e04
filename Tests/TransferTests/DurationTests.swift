import Testing

@testable import Transfer

struct DurationTests {
    @Test(
        arguments: [
            (.milliseconds(500), "0.5 s"), (.milliseconds(1250), "1.25 s"), (.seconds(30), "30 s"),
            (.milliseconds(99_999), "100 s"), (.seconds(100), "100 s"), (.seconds(120), "120 s"),
            (.milliseconds(12_345_600), "12346 s"), (.seconds(86_400), "86400 s"), (.seconds(31_536_000), "31536000 s"),
        ] as [(Duration, String)])
    func `for a sentence`(duration: Duration, text: String) {
        #expect(duration.text == text)
    }
}
