import Export
import Foundation
import Testing

struct OutputFolderTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func filesAppearTogether() throws {
        let folder = try TemporaryFolder()
        let output = try OutputFolder(folder("model"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        try output.write("empty", bytes(""))
        #expect(!FileManager.default.fileExists(atPath: folder("model")))
        try output.publish()
        #expect(try folder.contents() == ["model"])
        #expect(try folder.contents("model") == ["config.json", "empty"])
        #expect(try folder.text("model/config.json") == "{}")
        #expect(output.destination == folder("model"))
    }

    @Test func parentsAreMade() throws {
        let folder = try TemporaryFolder()
        let output = try OutputFolder(folder("a/b/model/"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        try output.publish()
        #expect(try folder.contents("a/b") == ["model"])
    }

    @Test func discardLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let output = try OutputFolder(folder("model"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        output.discard()
        #expect(try folder.contents() == [])
        #expect(throws: ExportError.self) { try output.write("late.json", bytes("{}")) }
    }

    @Test func emptyFolderIsUsed() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder("model"), withIntermediateDirectories: false)
        let output = try OutputFolder(folder("model"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        try output.publish()
        #expect(try folder.contents() == ["model"])
        #expect(try folder.contents("model") == ["config.json"])
    }

    /// Hours may lie between the beginning and the end.
    @Test(arguments: [false, true]) func whatCameMeanwhileStays(existed: Bool) throws {
        let folder = try TemporaryFolder()
        if existed {
            try FileManager.default.createDirectory(atPath: folder("model"), withIntermediateDirectories: false)
        }
        let output = try OutputFolder(folder("model"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        try folder.write("mine", "model/notes.txt")
        let error = #expect(throws: ExportError.self) { try output.publish() }
        #expect(error?.code == .notWritable)
        output.discard()
        #expect(try folder.contents() == ["model"])
        #expect(try folder.text("model/notes.txt") == "mine")
    }

    @Test func linkToAnEmptyFolderIsReplaced() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder("empty"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: folder("model"), withDestinationPath: folder("empty"))
        let output = try OutputFolder(folder("model"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        try output.publish()
        #expect(try folder.contents("model") == ["config.json"])
    }

    @Test func filledFolderIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "model/notes.txt")
        for attempt in [folder("model"), folder("model/"), folder("other/../model")] {
            let error = #expect(throws: ExportError.self) { _ = try OutputFolder(attempt, overwrite: false) }
            #expect(error?.code == .exists)
            #expect(throws: ExportError.self) { try OutputFolder.check(attempt, overwrite: false) }
        }
        #expect(try folder.contents() == ["model"])
        #expect(try folder.text("model/notes.txt") == "mine")
    }

    /// An empty path would be the current folder.
    @Test func emptyPathIsRefused() {
        for path in ["", "."] {
            let error = #expect(throws: ExportError.self) { try OutputFolder.check(path, overwrite: false) }
            #expect(error?.code == .exists)
            #expect(throws: ExportError.self) { _ = try OutputFolder(path, overwrite: false) }
        }
    }

    @Test func overwritingReplacesAll() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "model/notes.txt")
        let output = try OutputFolder(folder("model"), overwrite: true)
        try output.write("config.json", bytes("{}"))
        #expect(try folder.text("model/notes.txt") == "mine")
        try output.publish()
        #expect(try folder.contents() == ["model"])
        #expect(try folder.contents("model") == ["config.json"])
    }

    @Test func discardKeepsWhatWasThere() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "model/notes.txt")
        let output = try OutputFolder(folder("model"), overwrite: true)
        try output.write("config.json", bytes("{}"))
        output.discard()
        #expect(try folder.contents() == ["model"])
        #expect(try folder.contents("model") == ["notes.txt"])
    }

    /// Something else took the place in the meantime.
    @Test func failedPublishTouchesNothing() throws {
        let folder = try TemporaryFolder()
        let output = try OutputFolder(folder("model"), overwrite: false)
        try output.write("config.json", bytes("{}"))
        try folder.write("theirs", "model/notes.txt")
        let error = #expect(throws: ExportError.self) { try output.publish() }
        #expect(error?.code == .notWritable)
        #expect(try folder.contents("model") == ["notes.txt"])
        output.discard()
        #expect(try folder.contents() == ["model"])
    }

    /// What was to be replaced is put back.
    @Test func failedReplacementPutsTheOldBack() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "model/notes.txt")
        let output = try OutputFolder(folder("model"), overwrite: true)
        output.discard()
        #expect(throws: ExportError.self) { try output.publish() }
        #expect(try folder.contents() == ["model"])
        #expect(try folder.text("model/notes.txt") == "mine")
    }

    @Test func fileInThePlaceIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "model")
        for overwrite in [false, true] {
            let error = #expect(throws: ExportError.self) {
                _ = try OutputFolder(folder("model"), overwrite: overwrite)
            }
            #expect(error?.code == .exists)
        }
        #expect(try folder.text("model") == "mine")
    }

    /// Below a regular file nothing can be made, by no user.
    @Test func unwritableParentIsAnError() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "file")
        for destination in [folder("file/model"), folder("file/deeper/model")] {
            let error = #expect(throws: ExportError.self) { _ = try OutputFolder(destination, overwrite: false) }
            #expect(error?.code == .notWritable)
            #expect(error?.path == destination)
            #expect(error?.description.hasSuffix(".") == true)
        }
        #expect(try folder.contents() == ["file"])
    }
}
