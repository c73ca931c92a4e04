/// The program was asked for something that makes no sense. Errors of files, models and outputs have types of their
/// own; all describe themselves in a sentence.
public struct SelfPrunerError: Error, CustomStringConvertible, Sendable {
    public enum Code: String, Sendable {
        case badOption, textNotFound, textTooShort, textsOverlap, noChatTemplate, outputNotWritable, taskDataNotFound
        case unreadable, processFailed
    }

    public var code: Code
    /// A sentence without its final stop.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message + "." }
}
