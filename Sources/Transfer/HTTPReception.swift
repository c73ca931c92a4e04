import Foundation
import Synchronization

/// What has come of a reply, and what of it is not to be taken. Its own thread alone uses it, but for `received`.
final class HTTPReception: @unchecked Sendable {
    /// Why no more was taken.
    enum End {
        case notHTTP, tooLarge, declined, redirected
    }

    /// Of all heads of a reply, interim ones too.
    private static let longestHead = 1 << 16

    private(set) var head = HTTPHead(status: 0, headers: [])
    private(set) var isHeadComplete = false
    private(set) var body = Data()
    private(set) var end: End?
    private let method: HTTPRequest.Method
    private let receiver: (any HTTPReceiver)?
    private var limit: Int
    private var isStreaming = false
    private let bytes = Mutex((head: 0, body: 0))

    /// - Parameter limit: the most bytes of a body that is kept.
    init(_ method: HTTPRequest.Method, limit: Int, _ receiver: (any HTTPReceiver)?) {
        self.method = method
        self.limit = limit
        self.receiver = receiver
    }

    /// Bytes so far.
    var received: Int { bytes.withLock { $0.head + $0.body } }

    /// - Returns: `false` to end the transfer.
    func takeLine(_ line: UnsafeRawBufferPointer) -> Bool {
        let headBytes = bytes.withLock { bytes in
            bytes.head += line.count
            return bytes.head
        }
        guard headBytes <= Self.longestHead else { return stop(.notHTTP) }
        // Those behind a body that came in chunks say nothing of interest.
        if isHeadComplete { return true }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { return completeHead() }
        if head.status == 0 {
            guard let status = Self.status(in: text) else { return stop(.notHTTP) }
            head.status = status
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            head.headers.append((text[..<colon].lowercased(), value))
        }
        return true
    }

    /// Of `HTTP/1.1 200 OK` or `HTTP/2 200`.
    private static func status(in line: String) -> Int? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), words[1].utf8.count == 3, let status = Int(words[1]),
            (100...999).contains(status)
        else { return nil }
        return status
    }

    private func completeHead() -> Bool {
        if head.status < 200 {  // Interim: the reply itself follows.
            head = HTTPHead(status: 0, headers: [])
            return true
        }
        isHeadComplete = true
        guard method != .head else { return true }
        if isRedirect { return stop(.redirected) }
        if let most = receiver?.begin(head) {
            isStreaming = true
            limit = max(0, most)
        }
        if head["transfer-encoding"] == nil, let length = head["content-length"] {
            guard let length = Int(length), length <= limit else { return stop(.tooLarge) }
        }
        return true
    }

    var isRedirect: Bool { (300..<400).contains(head.status) && head["location"] != nil }

    /// - Returns: `false` to end the transfer.
    func takeBody(_ part: UnsafeRawBufferPointer) -> Bool {
        let bodyBytes = bytes.withLock { bytes in
            bytes.body += part.count
            return bytes.body
        }
        guard bodyBytes <= limit else { return stop(.tooLarge) }
        if isStreaming { return receiver?.take(Data(part)) == true || stop(.declined) }
        body.append(contentsOf: part)
        return true
    }

    private func stop(_ end: End) -> Bool {
        self.end = end
        return false
    }
}
