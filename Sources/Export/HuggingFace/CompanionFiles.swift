import Checkpoints
import Foundation
import Tokenization

extension Tokenizer {
    /// What a Hugging Face folder holds beside configuration and weights: the tokenizer's files and, of a model that was
    /// such a folder, how it generates and under which licence it may be used.
    /// - Throws: `TokenizerError`, `ExportError`: a file of the source folder cannot be read.
    package func companionFiles(of checkpoint: any Checkpoint) throws -> [TokenizerFile] {
        var files = try exportFiles()
        guard checkpoint.format == .huggingFace else { return files }
        let names = ["generation_config.json", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "USE_POLICY.md"]
        let folder = URL(fileURLWithPath: checkpoint.path)
        for name in names {
            let url = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else { continue }
            do {
                files.append(TokenizerFile(name: name, bytes: Array(try Data(contentsOf: url))))
            } catch {
                throw ExportError(
                    .notWritable, "The file cannot be read: \(OutputFolder.reason(error))", path: url.path)
            }
        }
        return files
    }
}
