import Foundation

/// Opens a model on disk: a Hugging Face folder, a GGUF file, or a folder that holds nothing but one GGUF file.
/// - Throws: `CheckpointError` naming file, tensor and offset.
package func openCheckpoint(_ path: String) throws(CheckpointError) -> any Checkpoint {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        let hint =
            path.isRepositoryName
            ? "; if it is a model of the Hugging Face hub, `selfpruner fetch model \(path)` gets it and prints its path"
            : ""
        throw CheckpointError(.notFound, "no such file or folder\(hint)", file: path)
    }
    guard isFolder.boolValue else { return try openFile(path) }
    if FileManager.default.fileExists(atPath: path.appending(component: "config.json")) {
        return try HuggingFaceCheckpoint(path: path)
    }
    let files: [String]
    do {
        files = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
        throw CheckpointError(.unreadable, "cannot list the folder: \(error.localizedDescription)", file: path)
    }
    let models = files.filter { $0.hasSuffix(".gguf") }.sorted()
    guard let only = models.first else {
        throw CheckpointError(.notACheckpoint, "holds neither config.json nor a .gguf file", file: path)
    }
    guard models.count == 1 else {
        throw CheckpointError(
            .notACheckpoint, "holds \(models.count) .gguf files; name the one to open", file: path)
    }
    return try GGUFCheckpoint(path: path.appending(component: only))
}

private func openFile(_ path: String) throws(CheckpointError) -> any Checkpoint {
    // By content, not by the file's name.
    guard try MappedFile(path: path).copy(at: 0, count: 4) == GGUFHeader.magic else {
        let hint = path.hasSuffix(".safetensors") ? "; to open safetensors, name the folder that holds config.json" : ""
        throw CheckpointError(
            .notACheckpoint, "is not a GGUF file: it does not begin with 'GGUF'\(hint)", file: path, offset: 0)
    }
    return try GGUFCheckpoint(path: path)
}

extension String {
    /// Whether this could be OWNER/NAME on the Hugging Face hub: two words, neither of them a place or a file.
    fileprivate var isRepositoryName: Bool {
        let words = split(separator: "/", omittingEmptySubsequences: false)
        return words.count == 2 && !hasSuffix(".gguf")
            && words.allSatisfy { $0.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]*/) != nil }
    }

    /// This path with one more component.
    func appending(component: String) -> String { hasSuffix("/") ? self + component : "\(self)/\(component)" }
}
