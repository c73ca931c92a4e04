import Foundation
import Testing

@testable import Hub

struct ConfigurationTests {
    private func configuration(_ environment: [String: String]) throws -> HubConfiguration {
        try HubConfiguration(environment: environment.merging(["HOME": "/home/me"]) { first, _ in first })
    }

    /// As huggingface_hub's constants.py has it.
    @Test(
        arguments: [
            ([:], "/home/me/.cache/huggingface/hub"), (["XDG_CACHE_HOME": "/c"], "/c/huggingface/hub"),
            (["HF_HOME": "/hf", "XDG_CACHE_HOME": "/c"], "/hf/hub"), (["HF_HOME": "~/hf"], "/home/me/hf/hub"),
            (["HF_HOME": "/hf", "HF_HUB_CACHE": "/x/y/"], "/x/y"), (["HUGGINGFACE_HUB_CACHE": "/old"], "/old"),
            (["HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "~"], "/home/me"),
            (["HF_HOME": ""], "/home/me/.cache/huggingface/hub"),
        ] as [([String: String], String)])
    func `where the cache is`(environment: [String: String], cache: String) throws {
        #expect(try configuration(environment).cache == cache)
    }

    @Test func `addresses`() throws {
        #expect(try configuration([:]).endpoint.absoluteString == "https://huggingface.co")
        #expect(try configuration([:]).rowsEndpoint.absoluteString == "https://datasets-server.huggingface.co")
        #expect(
            try configuration(["HF_ENDPOINT": "https://mirror.example/hf//"]).endpoint.absoluteString
                == "https://mirror.example/hf")
        for bad in [
            "huggingface.co", "ftp://x", "http://", "https://me:pass@x", "https://x?token=1", "http://x:0",
        ] {
            #expect { try configuration(["HF_ENDPOINT": bad]) } throws: { ($0 as? HubError)?.code == .badSetting }
        }
    }

    @Test func `tokens`() throws {
        #expect(try configuration([:]).token == nil && configuration(["HF_TOKEN": ""]).token == nil)
        #expect(try configuration(["HF_TOKEN": " hf_x \n"]).token?.authorization == "Bearer hf_x")
        #expect { try configuration(["HF_TOKEN": "a\r\nX: y"]) } throws: {
            ($0 as? HubError)?.code == .badSetting && !"\($0)".contains("X: y")
        }
    }

    @Test func `offline`() throws {
        for value in ["1", "true", "YES"] {
            #expect { try configuration(["HF_HUB_OFFLINE": value]) } throws: { ($0 as? HubError)?.code == .offline }
        }
        #expect(throws: Never.self) { try configuration(["HF_HUB_OFFLINE": "0"]) }
    }

    @Test func `names of repositories`() throws {
        for name in ["HuggingFaceTB/SmolLM2-135M", "a/b", "TheBloke/Llama-2_7B.v1"] {
            #expect(try RepositoryName(name).description == name)
        }
        #expect(try RepositoryName("a-b/c_d").folder == "models--a-b--c_d")
        for name in [
            "", "gpt2", "a/b/c", "/b", "a/", "../x", "a/..", "a/.b", "a/b--c", "a/b c", "a/b?c", "a/b%2F", "a/é",
            "-a/b",
            "a/" + String(repeating: "x", count: 100), "https://huggingface.co/a/b", "a/b\n",
        ] {
            #expect { try RepositoryName(name) } throws: { ($0 as? HubError)?.code == .badName }
        }
    }

    @Test func `entity tags`() throws {
        let (long, short) = (String(repeating: "0a", count: 32), String(repeating: "9F", count: 20))
        #expect(Checksum(entityTag: "\"\(long)\"")?.kind == .sha256)
        #expect(Checksum(entityTag: "W/\"\(short)\"")?.text == short.lowercased())
        #expect(Checksum(entityTag: short)?.kind == .gitBlob)
        for bad in [
            "", "\"", "\"\"", "\"\(long)", long + "0", "W/", "\"\(long.dropLast())g\"", "../" + short.dropLast(3),
        ] {
            #expect(Checksum(entityTag: bad) == nil)
        }
    }
}
