import Foundation
import Testing

@testable import ChatClient

struct RequestTests {
    /// FIPS 180-2, appendix B, and lengths around the block size by Python's hashlib.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        (String(repeating: "a", count: 56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
        (String(repeating: "a", count: 63), "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"),
        (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
    ])
    func `SHA-256`(text: String, hash: String) {
        #expect(SHA256.hexadecimal(of: text.utf8) == hash)
    }

    @Test func `the hash is of canonical JSON`() {
        #expect(
            structuredQuestion.canonicalJSON
                == #"{"messages":[{"content":"Levels?","role":"user"}],"schema":{"json":"#
                + #""{\"type\":\"object\",\"properties\":{\"levels\":{\"type\":\"array\",\"items\":"#
                + #"{\"type\":\"integer\"}}}}","name":"levels"},"seed":3,"temperature":0.5}"#)
        // It must never change: the records of earlier versions are found by it.
        #expect(structuredQuestion.hash == "1b36a64bb91c11aa2aeee5ada52495844f73bfb30cb0ea737783009c6e0567a2")
    }

    @Test func `every part is in the hash`() {
        var variants = [structuredQuestion]
        let changes: [(inout ChatRequest) -> Void] = [
            { $0.messages[0].content += " " }, { $0.messages[0].role = .system },
            { $0.messages.append(.init(.user, "")) },
            { $0.schema?.name = "other" }, { $0.schema?.json += " " }, { $0.schema = nil }, { $0.temperature = nil },
            { $0.temperature = 0.25 }, { $0.seed = nil }, { $0.seed = 0 }, { $0.maximumTokens = 1 },
        ]
        for change in changes {
            var variant = structuredQuestion
            change(&variant)
            variants.append(variant)
        }
        #expect(Set(variants.map(\.hash)).count == variants.count)
    }

    @Test func `strings are JSON's`() throws {
        let text = "\"\\/\n\r\t\u{0}\u{1f}\u{7f}é\u{1F680}\u{2028}e\u{301}"
        var json = JSONObject()
        json.set(text, text)
        let parsed = try JSONDecoder().decode([String: String].self, from: Data(json.text.utf8))
        #expect(parsed[text].map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test(arguments: [
        ("http://localhost:8080", "http://localhost:8080/v1/chat/completions"),
        (" https://host/ ", "https://host/v1/chat/completions"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1/chat/completions"),
        ("https://host/v1/", "https://host/v1/chat/completions"),
        ("https://host/api/v3", "https://host/api/v3/chat/completions"),
        ("https://host/v1/chat/completions", "https://host/v1/chat/completions"),
        ("https://host/deploy/chat/completions/?api-version=2#x", "https://host/deploy/chat/completions?api-version=2"),
    ])
    func `forms of an address`(endpoint: String, address: String) throws {
        #expect(try ChatConfiguration(endpoint: endpoint, model: "m").address.absoluteString == address)
    }

    @Test(arguments: [
        "", "localhost:8080", "host", "ftp://host", "http://", "http:///v1", "https://user:secret@host",
        "http://host:99999", "http://host:0", "file:///etc/passwd", "http://a b", "/v1",
    ])
    func `no address`(endpoint: String) {
        #expect {
            _ = try ChatConfiguration(endpoint: endpoint, model: "m")
        } throws: {
            let error = $0 as? ChatError
            return error?.code == .badEndpoint && error?.message.contains("secret@") == false
        }
    }
}
