/// What is wrong with a checkpoint, in one sentence that names the file, the tensor and the offset where they are known.
package struct CheckpointError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        case notFound, unreadable, notACheckpoint, truncated, badHeader, badOffset, badConfiguration
        case unknownArchitecture, missingTensor, wrongShape, unsupportedType, notFinite, missingShard
        /// A part of the architecture that this program does not implement, such as a kind of rotary scaling.
        case unsupportedFeature
    }

    package var code: Code
    /// A sentence without its final stop.
    package var message: String
    package var file: String
    package var tensor: String?
    /// Byte offset in `file`.
    package var offset: Int?

    package init(_ code: Code, _ message: String, file: String, tensor: String? = nil, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.tensor = tensor
        self.offset = offset
    }

    package var description: String {
        var place = file
        if let tensor { place += ", tensor '\(tensor)'" }
        if let offset { place += ", offset \(offset)" }
        return "\(place): \(message)."
    }
}
