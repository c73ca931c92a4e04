import Checkpoints
import Foundation
import Tokenization

/// A Hugging Face folder: config.json, model.safetensors and the tokenizer's files.
package struct HuggingFaceExport: Sendable {
    package let description: ModelDescription
    package let element: StoredElement
    package let tokenizerFiles: [TokenizerFile]

    package init(description: ModelDescription, element: StoredElement, tokenizerFiles: [TokenizerFile]) {
        self.description = description
        self.element = element
        self.tokenizerFiles = tokenizerFiles
    }

    /// - Parameter values: the float32 values of a weight, row-major as the description states its shape.
    /// - Throws: `ExportError.notWritable`, and what `values` throws.
    package func write(to folder: OutputFolder, values: (Weight) throws -> [Float]) throws {
        let shapes = description.weightShapes
        let writer = SafetensorsWriter(
            shapes.map { SafetensorsWriter.Entry(name: $0.huggingFaceKey, shape: $0.shape) }, element: element)
        try writer.write(to: folder.path + "/model.safetensors") { try values(shapes[$0].weight) }
        let configuration = HuggingFaceConfiguration(description, elementType: element.torchName)
        try folder.write("config.json", configuration.json())
        for file in tokenizerFiles { try folder.write(file.name, file.bytes) }
    }
}
