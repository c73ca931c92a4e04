import Foundation
import Testing

@testable import Journals

private struct Settings: Codable, Equatable, Sendable {
    struct Limits: Codable, Equatable, Sendable {
        var candidates = 430
        var seconds: Int?
    }
    var model = "a/b"
    var rate = 0.3
    var seed: UInt64 = 1
    var levels = [1, 2]
    var limits = Limits()
}

/// Its result goes into a variable: next to other closures, Swift 6.3 takes one inside `#expect` for another.
private func failure(_ body: () throws -> Void) -> JournalError? {
    #expect(throws: JournalError.self) { try body() }
}

@Test func aRunIsStartedThenContinued() throws {
    try withFolder { folder in
        let path = folder + "/run"
        do {
            let run = try RunFolder(path, identity: Settings())
            #expect(run.isNew)
            let journal = try run.journal(of: Toy.self)
            try journal.append(toys[0])
            try run.replace("report.md", with: "one".utf8)
            try run.replace("report.md", with: "two".utf8)
        }
        let run = try RunFolder(path + "/../run/", identity: Settings())
        #expect(!run.isNew)
        #expect(run.path == path)
        #expect(run.changes.isEmpty)
        #expect(try run.journal(of: Toy.self).events == [toys[0]])
        #expect(try read(run.file("report.md")) == Array("two".utf8))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                == ["journal.jsonl", "lock", "report.md", "run.json"])
        #expect(try String(decoding: read(path + "/run.json"), as: UTF8.self).contains(#""rate" : 0.3"#))
    }
}

@Test func aSecondOpeningIsRefusedWithFolderAndProcess() throws {
    try withFolder { folder in
        let path = folder + "/run"
        do {
            // The journal alone keeps the folder.
            let journal = try RunFolder(path, identity: Settings()).journal(of: Toy.self)
            let error = failure { _ = try RunFolder(path, identity: Settings()) }
            #expect(error?.code == .inUse)
            let process = ProcessInfo.processInfo.processIdentifier
            #expect(error?.description == "The run folder is in use by process \(process) (\(path)).")
            // Who was refused leaves the holder's number where it is.
            #expect(try String(decoding: read(path + "/lock"), as: UTF8.self) == "\(process)\n")
            try journal.append(toys[0])
        }
        #expect(try read(path + "/lock").isEmpty)
        let run = try RunFolder(path, identity: Settings())
        let journal = try run.journal(of: Toy.self)
        let second = failure { _ = try run.journal(of: Toy.self) }
        #expect(second?.code == .inUse)
        #expect(try run.journal(of: Int.self, named: "exchanges.jsonl").events.isEmpty)
        #expect(journal.events.count == 1)
    }
}

@Test func anotherRunIsRefusedWithWhatDiffers() throws {
    try withFolder { folder in
        let path = folder + "/run"
        _ = try RunFolder(path, identity: Settings())
        let before = try read(path + "/run.json")
        let other = Settings(
            model: "c", rate: 0.5, levels: [1, 2, 3], limits: .init(candidates: 200, seconds: 60))
        let error = failure { _ = try RunFolder(path, identity: other, mayChange: ["limits.candidates"]) }
        #expect(error?.code == .otherRun)
        #expect(
            error?.message == """
                The folder holds a run with other settings: levels is [1,2] there and [1,2,3] here, limits.seconds is \
                absent there and 60 here, model is "a/b" there and "c" here, rate is 0.3 there and 0.5 here; delete that \
                folder, name another with --run, or repeat the earlier settings
                """)
        #expect(error?.file == path)
        #expect(try read(path + "/run.json") == before)
    }
}

@Test func settingsThatMayChangeAreWritten() throws {
    try withFolder { folder in
        let path = folder + "/run"
        _ = try RunFolder(path, identity: Settings())
        var more = Settings()
        more.limits.candidates = 500
        let forbidden = failure { _ = try RunFolder(path, identity: more, mayChange: ["limits.cand", "rate"]) }
        #expect(forbidden != nil)
        let run = try RunFolder(path, identity: more, mayChange: ["limits.candidates"])
        #expect(run.changes == [SettingDifference(key: "limits.candidates", there: "430", here: "500")])
        more.limits.seconds = 9
        let inUse = failure { _ = try RunFolder(path, identity: more, mayChange: ["limits"]) }
        #expect(inUse?.code == .inUse)
        let seen = try RunFolder.peek(path, identity: Settings.self, event: Toy.self)
        #expect(seen.identity.limits == .init(candidates: 500))
        _ = consume run
        #expect(try RunFolder(path, identity: more, mayChange: ["limits"]).changes.count == 1)
    }
}

@Test func differencesAreThoseOfSingleSettings() throws {
    func keys(_ there: String, _ here: String) throws -> [String] {
        let values = try [there, here].map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
        return SettingDifference.between(values[0], values[1]).map(\.key)
    }
    #expect(try keys(#"{"a":1,"b":{"c":[1],"d":null}}"#, #"{"b":{"d":null,"c":[1]},"a":1}"#).isEmpty)
    #expect(try keys(#"{}"#, #"{"b":{"c":1,"d":{"e":2}}}"#) == ["b.c", "b.d.e"])
    #expect(try keys(#"{"b":{"c":1}}"#, #"{"b":5}"#) == ["b"])
    #expect(try keys(#"{"b":{}}"#, #"{}"#) == ["b"])
    // Two seeds that are the same Double.
    #expect(try keys(#"{"s":18446744073709551615}"#, #"{"s":18446744073709551614}"#) == ["s"])
    #expect(try keys(#"{"s":9007199254740993}"#, #"{"s":9007199254740992}"#) == ["s"])
    #expect(try keys(#"{"s":true}"#, #"{"s":1}"#) == ["s"])
    #expect(try keys("3", "4") == ["the whole"])
}

@Test func placesThatCannotBeRunsAreErrorsInOneSentence() throws {
    try withFolder { folder in
        try write([1], folder + "/file")
        try FileManager.default.createDirectory(atPath: folder + "/full", withIntermediateDirectories: false)
        try write([1], folder + "/full/thesis.tex")
        let cases = [
            ("/file", "This is a file; a run needs a folder"),
            ("/file/run", "The run folder cannot be made: Not a directory"),
            ("/none/run", "The folder to make it in does not exist"),
            ("/full", "The folder is not empty and holds no run; name another"),
        ]
        for (name, message) in cases {
            let error = failure { _ = try RunFolder(folder + name, identity: Settings()) }
            #expect(error?.code == .notWritable)
            #expect(error?.message == message)
            #expect(error?.file == folder + name)
            let unseen = failure { _ = try RunFolder.peek(folder + name, identity: Settings.self, event: Toy.self) }
            #expect(unseen?.code == .notReadable)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/full") == ["thesis.tex"])
        let strange = failure { _ = try RunFolder("/dev/null/run", identity: Settings()) }
        #expect(strange?.code == .notWritable)
    }
}

@Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self"), "a folder that not even root may write"))
func aFolderInAReadOnlyPlaceIsAnError() {
    let error = failure { _ = try RunFolder("/proc/run", identity: Settings()) }
    #expect(error?.code == .notWritable)
}

@Test(.enabled(if: geteuid() != 0, "root may write anywhere"))
func aReadOnlyRunIsAnErrorAndCanBeLookedAt() throws {
    try withFolder { folder in
        let path = folder + "/run"
        try RunFolder(path, identity: Settings()).journal(of: Toy.self).append(toys[0])
        for file in ["/lock", "/journal.jsonl", "/run.json", ""] { chmod(path + file, file.isEmpty ? 0o555 : 0o444) }
        defer { chmod(path, 0o755) }
        let error = failure { _ = try RunFolder(path, identity: Settings()) }
        #expect(error?.code == .notWritable)
        #expect(try RunFolder.peek(path, identity: Settings.self, event: Toy.self).events == [toys[0]])
    }
}

@Test func anUnfinishedStartIsTakenOver() throws {
    for leftovers in [[], ["lock"], ["lock", "run.json.partial"]] {
        try withFolder { folder in
            for name in leftovers { try write(Array("4194999\n".utf8), folder + "/" + name) }
            let run = try RunFolder(folder, identity: Settings())
            #expect(run.isNew)
            let seen = try RunFolder.peek(folder, identity: Settings.self, event: Toy.self)
            #expect(seen.identity == Settings())
            #expect(seen.events.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: folder + "/run.json.partial"))
        }
    }
}

@Test func aRunThatWasKilledHasNoProcess() throws {
    try withFolder { folder in
        _ = try RunFolder(folder, identity: Settings())
        for content in ["2147483646\n", "", "-1", "0", "x", "99999999999999999999"] {
            try write(Array(content.utf8), folder + "/lock")
            #expect(try RunFolder.peek(folder, identity: Settings.self, event: Toy.self).process == nil)
        }
        #expect(try RunFolder(folder, identity: Settings()).isNew == false)
    }
}

@Test(
    arguments: [
        ("", .corrupt), ("{", .corrupt), ("[]", .corrupt), (#"{"format":"x","version":1,"identity":{}}"#, .corrupt),
        (#"{"format":"selfpruner run","version":1}"#, .corrupt),
        (#"{"format":"selfpruner run","version":2}"#, .unknownVersion),
        (#"{"format":"selfpruner run","version":1,"identity":3}"#, .otherRun),
        (String(repeating: "[", count: 100_000), .corrupt),
    ] as [(String, JournalError.Code)])
func damagedSettingsAreNamed(content: String, code: JournalError.Code) throws {
    try withFolder { folder in
        try write(Array(content.utf8), folder + "/run.json")
        let error = failure { _ = try RunFolder(folder, identity: Settings()) }
        #expect(error?.code == code)
        #expect(try read(folder + "/run.json") == Array(content.utf8))
        let unseen = failure { _ = try RunFolder.peek(folder, identity: Settings.self, event: Toy.self) }
        #expect(unseen?.code == (code == .otherRun ? .corrupt : code))
    }
}
