import Evaluation
import Foundation
import Tokenization

/// How the text of an evaluation is made of a file.
public enum TextJoiner: String, Sendable, Codable, CaseIterable {
    /// The file as it is.
    case none
    /// WikiText as the Hugging Face loader gives it: rows are lines (their line break kept, blank ones empty), joined
    /// with two line breaks.
    case wikitext

    func apply(_ bytes: [UInt8]) -> [UInt8] {
        guard self == .wikitext else { return bytes }
        var result: [UInt8] = []
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        if lines.last?.isEmpty == true { lines = lines.dropLast() }
        for (index, line) in lines.enumerated() {
            if index > 0 { result += [0x0A, 0x0A] }
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { continue }
            result += line
            if index < lines.count - 1 || bytes.last == 0x0A { result.append(0x0A) }
        }
        return result
    }

    var words: String {
        switch self {
        case .none: "the file as it is"
        case .wikitext: "lines joined with \\n\\n as the Hugging Face loader gives them"
        }
    }
}

/// A tokenised text and where it came from.
struct Text {
    var name: String
    var tokens: [Int32]

    /// - Throws: `SelfPrunerError.textNotFound`.
    init(_ path: String, tokenizer: Tokenizer, joiner: TextJoiner = .none) throws {
        let bytes = try readText(path)
        name = URL(fileURLWithPath: path).lastPathComponent
        tokens = tokenizer.encode(joiner.apply(bytes), addingSpecialTokens: false, parsingSpecialTokens: false)
    }

    /// Equal shares of several files, up to `maximumTokens` in all.
    /// - Throws: `SelfPrunerError` `textNotFound` or `textTooShort`.
    init(_ paths: [String], maximumTokens: Int, tokenizer: Tokenizer) throws {
        let share = maximumTokens / max(paths.count, 1)
        let texts = try paths.map { try Text($0, tokenizer: tokenizer) }
        name = texts.map(\.name).joined(separator: " + ")
        tokens = texts.flatMap { $0.tokens.prefix(share) }
    }

    /// - Throws: `SelfPrunerError.textsOverlap` when two of the texts share a passage.
    static func refuseOverlap(_ texts: [(purpose: String, text: Text)]) throws(SelfPrunerError) {
        for (index, first) in texts.enumerated() {
            for second in texts[(index + 1)...] {
                guard let place = TextOverlap.find(first.text.tokens, second.text.tokens) else { continue }
                throw SelfPrunerError(
                    .textsOverlap,
                    "The \(first.purpose) text (\(first.text.name), token \(place.first)) and the \(second.purpose) "
                        + "text (\(second.text.name), token \(place.second)) share a passage of at least "
                        + "\(TextOverlap.runLength) tokens; figures would flatter the result, so use disjoint texts")
            }
        }
    }
}

/// The texts that Scripts/setup prepares: disjoint slices of C4 and Wikipedia.
public enum DefaultTexts: String, Sendable {
    case calibration, fitness, evaluation

    /// - Throws: `SelfPrunerError.textNotFound` saying how to get it.
    public func path() throws(SelfPrunerError) -> String {
        let folder = ProcessInfo.processInfo.environment["SELFPRUNER_DATA"] ?? CacheFolder.path + "/texts"
        let path = "\(folder)/\(rawValue).txt"
        guard FileManager.default.fileExists(atPath: path) else {
            throw SelfPrunerError(
                .textNotFound,
                "There is no default \(rawValue) text at \(path); run Scripts/setup to get it, or name a text file")
        }
        return path
    }
}

/// The bytes of a text file.
/// - Throws: `SelfPrunerError.textNotFound`.
public func readText(_ path: String) throws(SelfPrunerError) -> [UInt8] {
    do {
        return try [UInt8](Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe))
    } catch {
        throw SelfPrunerError(.textNotFound, "The text \(path) cannot be read: \(reason(of: error))")
    }
}

/// Why a file operation failed, in the operating system's words, without a final stop.
package func reason(of error: any Error) -> String {
    var cause = error as NSError
    while cause.domain != NSPOSIXErrorDomain, let next = cause.userInfo[NSUnderlyingErrorKey] as? any Error {
        cause = next as NSError
    }
    if cause.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(truncatingIfNeeded: cause.code))) }
    let words = cause.localizedFailureReason ?? cause.localizedDescription
    return words.hasSuffix(".") ? String(words.dropLast()) : words
}
