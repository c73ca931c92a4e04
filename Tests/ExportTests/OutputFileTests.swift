import Export
import Foundation
import Testing

struct OutputFileTests {
    @Test func appearsWhenPublished() throws {
        let folder = try TemporaryFolder()
        let file = try OutputFile(folder("new/model.gguf"), overwrite: false)
        try Data("model".utf8).write(to: URL(fileURLWithPath: file.path))
        #expect(try folder.contents("new").allSatisfy { $0 != "model.gguf" })
        try file.publish()
        #expect(try folder.contents("new") == ["model.gguf"])
    }

    @Test func discardedFilesAreGone() throws {
        let folder = try TemporaryFolder()
        let file = try OutputFile(folder("model.gguf"), overwrite: false)
        try Data("model".utf8).write(to: URL(fileURLWithPath: file.path))
        file.discard()
        #expect(try folder.contents().isEmpty)
    }

    @Test func existingFilesAreRefusedUnlessToBeReplaced() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "model.gguf")
        let error = #expect(throws: ExportError.self) { try OutputFile(folder("model.gguf"), overwrite: false) }
        #expect(error?.code == .exists)
        #expect(throws: ExportError.self) { try OutputFile(folder.path, overwrite: true) }
        let file = try OutputFile(folder("model.gguf"), overwrite: true)
        try Data("model".utf8).write(to: URL(fileURLWithPath: file.path))
        #expect(try folder.text("model.gguf") == "mine")
        try file.publish()
        #expect(try folder.text("model.gguf") == "model")
    }
}
