import Foundation

/// A Hugging Face model folder: `config.json`, `model.safetensors` (or shards with an index), `tokenizer.json`.
package struct HuggingFaceCheckpoint: Checkpoint {
    package let path: String
    package var format: CheckpointFormat { .huggingFace }
    package let description: ModelDescription
    package var tokenizer: TokenizerSource { .folder(path) }
    private let weights: WeightTable

    static let configurationName = "config.json"
    static let singleName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// - Throws: `CheckpointError` naming file, tensor and offset.
    package init(path: String) throws(CheckpointError) {
        let configuration = try HuggingFaceConfiguration(path: path.appending(component: Self.configurationName))
        try self.init(path: path, configuration, tensors: Self.tensors(in: path))
    }

    init(
        path: String, _ configuration: HuggingFaceConfiguration, tensors: [String: StoredWeight]
    ) throws(CheckpointError) {
        let description = try configuration.description(
            maximumBlocks: tensors.count, file: path.appending(component: Self.configurationName))
        self.path = path
        self.description = description
        weights = try WeightTable(description, tensors: tensors, format: .huggingFace, path: path)
    }

    package var storedTensors: [Weight: StoredTensor] { weights.storedTensors }

    package func read(
        _ weight: Weight, into destination: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        try weights.read(weight, into: destination, path: path)
    }

    private static func tensors(in folder: String) throws(CheckpointError) -> [String: StoredWeight] {
        let single = folder.appending(component: singleName)
        if FileManager.default.fileExists(atPath: single) {
            return try SafetensorsFile(MappedFile(path: single)).storedWeights
        }
        let index = folder.appending(component: indexName)
        guard FileManager.default.fileExists(atPath: index) else {
            throw CheckpointError(.notACheckpoint, "holds neither \(singleName) nor \(indexName)", file: folder)
        }
        return try shardedTensors(index: index, folder: folder)
    }

    private static func shardedTensors(
        index path: String, folder: String
    ) throws(CheckpointError) -> [String: StoredWeight] {
        let index = try SafetensorsIndex(path: path)
        var shards: [String: SafetensorsFile] = [:]
        for name in Set(index.shards.values).sorted() {
            let shard = folder.appending(component: name)
            guard FileManager.default.fileExists(atPath: shard) else {
                throw CheckpointError(.missingShard, "is named by \(indexName) and missing", file: shard)
            }
            shards[name] = try SafetensorsFile(MappedFile(path: shard))
        }
        var tensors: [String: StoredWeight] = [:]
        for (tensor, shardName) in index.shards {
            guard let shard = shards[shardName], let extent = shard.tensors[tensor] else {
                throw CheckpointError(
                    .missingTensor, "is not in the shard that \(indexName) names",
                    file: folder.appending(component: shardName), tensor: tensor)
            }
            tensors[tensor] = StoredWeight(file: shard.file, tensor: extent)
        }
        return tensors
    }
}

extension SafetensorsFile {
    var storedWeights: [String: StoredWeight] {
        tensors.mapValues { StoredWeight(file: file, tensor: $0) }
    }
}

/// `model.safetensors.index.json`: which shard holds which tensor.
struct SafetensorsIndex: Sendable {
    /// File names in the index's own folder, by tensor.
    let shards: [String: String]

    /// - Throws: `CheckpointError`: `.badHeader`, also when a shard's name leads out of the folder.
    init(path: String) throws(CheckpointError) {
        struct Contents: Decodable {
            var weightMap: [String: String]

            enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
        }
        let file = try MappedFile(path: path)
        do {
            let data = Data(file.copy(at: 0, count: file.count) ?? [])
            shards = try JSONDecoder().decode(Contents.self, from: data).weightMap
        } catch {
            throw CheckpointError(.badHeader, "cannot be understood: \(describe(error))", file: path)
        }
        for (tensor, shard) in shards {
            guard !shard.isEmpty, shard != ".", shard != "..",
                !shard.utf8.contains(where: { "/\\\0".utf8.contains($0) })
            else {
                throw CheckpointError(
                    .badHeader, "names the shard '\(shard)', which is not a file of this folder", file: path,
                    tensor: tensor)
            }
        }
    }
}
