import Foundation

/// Reads an HTTP/1.1 reply (RFC 9112) as its bytes come, and keeps no more of it than it may.
struct HTTPReplyParser {
    /// Asked once the head is there: how many bytes the body may have that is taken out as it comes; `nil` for a body
    /// that is kept.
    typealias Admission = (HTTPHead) -> Int?

    enum Failure: Error {
        case notHTTP, tooLarge
    }

    private enum Part {
        case head
        case body(remaining: Int)
        case bodyUntilClose
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case end
    }

    /// Of the head, and of the trailers; also of the line before a chunk.
    private static let longestHead = 1 << 16

    private(set) var status = 0
    private(set) var body = Data()
    /// The body is to be taken out as it comes.
    private(set) var isStreaming = false
    private var limit: Int
    /// Bytes of the body so far, those that were taken out among them.
    private var bodyBytes = 0
    private let expectsBody: Bool
    private let admission: Admission
    private var headers: [(name: String, value: String)] = []
    private var part = Part.head
    /// Bytes that are no whole line yet.
    private var pending: [UInt8] = []
    /// Bytes of lines so far.
    private var headBytes = 0

    /// - Parameters:
    ///   - limit: the most bytes of a body that is kept.
    ///   - expectsBody: `false` for the reply to a HEAD request.
    init(limit: Int, expectsBody: Bool = true, admission: @escaping Admission = { _ in nil }) {
        self.limit = limit
        self.expectsBody = expectsBody
        self.admission = admission
    }

    var isComplete: Bool { if case .end = part { true } else { false } }

    var head: HTTPHead { HTTPHead(status: status, headers: headers) }

    /// The first value of a header; names are in lower case.
    func header(_ name: String) -> String? { head[name] }

    /// What has come of the body since the last call.
    mutating func takeBody() -> Data {
        defer { body = Data() }
        return body
    }

    mutating func consume(_ bytes: some Collection<UInt8>) throws(Failure) {
        pending += bytes
        while try step() {}
    }

    /// The server has closed the connection.
    /// - Returns: whether the reply is complete with that.
    mutating func close() -> Bool {
        if case .bodyUntilClose = part { part = .end }
        return isComplete
    }

    /// - Returns: `false` when it takes more bytes to go on.
    private mutating func step() throws(Failure) -> Bool {
        switch part {
        case .end: return false
        case .bodyUntilClose: return try take(.max) > 0
        case .body(let remaining):
            let count = try take(remaining)
            part = count == remaining ? .end : .body(remaining: remaining - count)
            return count > 0
        case .chunk(let remaining):
            let count = try take(remaining)
            part = count == remaining ? .chunkEnd : .chunk(remaining: remaining - count)
            return count > 0
        case .head, .chunkSize, .chunkEnd, .trailers:
            guard let line = try line() else { return false }
            try read(line)
            return true
        }
    }

    private mutating func read(_ line: String) throws(Failure) {
        switch part {
        case .head where status == 0: status = try Self.status(in: line)
        case .head where line.isEmpty: part = try bodyPart()
        case .head:
            guard let colon = line.firstIndex(of: ":") else { throw .notHTTP }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers.append((line[..<colon].lowercased(), value))
        case .chunkSize:
            let digits = line.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
            guard digits.utf8.allSatisfy(\.isHexadecimalDigit), let size = Int(digits, radix: 16) else {
                throw .notHTTP
            }
            headBytes = 0
            part = size == 0 ? .trailers : .chunk(remaining: size)
        case .chunkEnd:
            guard line.isEmpty else { throw .notHTTP }
            part = .chunkSize
        case .trailers: if line.isEmpty { part = .end }
        case .body, .bodyUntilClose, .chunk, .end: break
        }
    }

    private static func status(in line: String) throws(Failure) -> Int {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1]),
            (100...999).contains(status)
        else { throw .notHTTP }
        return status
    }

    private mutating func bodyPart() throws(Failure) -> Part {
        if status < 200 {  // Interim: the reply itself follows.
            status = 0
            headers = []
            return .head
        }
        if !expectsBody || status == 204 || status == 304 { return .end }
        if let bytes = admission(head) {
            isStreaming = true
            limit = max(0, bytes)
        }
        if let encoding = header("transfer-encoding") {
            guard encoding.lowercased() == "chunked" else { throw .notHTTP }
            return .chunkSize
        }
        guard let length = header("content-length") else { return .bodyUntilClose }
        guard headers.allSatisfy({ $0.name != "content-length" || $0.value == length }), !length.isEmpty,
            length.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { throw .notHTTP }
        guard let bytes = Int(length), bytes <= limit else { throw .tooLarge }
        return bytes == 0 ? .end : .body(remaining: bytes)
    }

    /// Moves bytes to the body.
    private mutating func take(_ most: Int) throws(Failure) -> Int {
        let count = min(most, pending.count)
        guard count <= limit - bodyBytes else { throw .tooLarge }
        bodyBytes += count
        body.append(contentsOf: pending.prefix(count))
        pending.removeFirst(count)
        return count
    }

    /// The next line without its end; `nil` when it is not complete.
    private mutating func line() throws(Failure) -> String? {
        guard let end = pending.firstIndex(of: 0x0a) else {
            guard headBytes + pending.count <= Self.longestHead else { throw .notHTTP }
            return nil
        }
        headBytes += end + 1
        guard headBytes <= Self.longestHead else { throw .notHTTP }
        var line = pending[..<end]
        if line.last == 0x0d { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        pending.removeFirst(end + 1)
        return text
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
