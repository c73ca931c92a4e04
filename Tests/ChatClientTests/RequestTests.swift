import Foundation
import Testing

@testable import ChatClient

struct RequestTests {
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
        "http://host:99999", "http://host:0", "file:///etc/passwd", "http://a b", "/v1", "https://host/v1?key=secret@",
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
