import CCurl
import Foundation
import Synchronization

/// libcurl's handles for one request at a time, and the connections that it keeps open between requests. One thread
/// uses it at a time; `wake` is for all.
final class CurlHandle: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let easy: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?

    private static let isInitialized = curl_initialize() == CURLE_OK
    /// libcurl changes what the process does about SIGPIPE while it closes kept connections, and then changes it back.
    private static let closing = Mutex(())

    init?() {
        guard Self.isInitialized, let easy = curl_easy_init() else { return nil }
        guard let multi = curl_multi_init() else {
            curl_easy_cleanup(easy)
            return nil
        }
        self.easy = easy
        self.multi = multi
    }

    deinit {
        Self.closing.withLock { _ in
            curl_easy_cleanup(easy)
            curl_multi_cleanup(multi)
        }
        curl_slist_free_all(headers)
    }

    /// Ends a wait in `perform`.
    func wake() { curl_multi_wakeup(multi) }

    func prepare(_ request: HTTPRequest, certificates: String?, _ reception: HTTPReception) {
        curl_easy_reset(easy)
        let isEncrypted = request.address.scheme?.lowercased() == "https"
        set(CURLOPT_URL, request.address.absoluteString)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_BUFFERSIZE, 1 << 18)
        // One request at a time has nothing of HTTP/2, whose connections outlive a request that is given up: the next one
        // would wait on the same dead connection.
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        if !isEncrypted || isHere(request.address) { set(CURLOPT_PROXY, "") }
        if isEncrypted {
            if let certificates { set(CURLOPT_CAINFO, certificates) }
        } else {
            // A new connection is cheap, and has no end that the server may have closed already.
            set(CURLOPT_FORBID_REUSE, 1)
        }
        set(request.headers)
        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post:
            set(CURLOPT_POST, 1)
            curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            // Of no body there may be no address, which would ask for a callback in its place.
            if request.body.isEmpty { set(CURLOPT_COPYPOSTFIELDS, "") }
            request.body.withUnsafeBytes { bytes in
                if let address = bytes.baseAddress { curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, address) }
            }
        }
        let context = Unmanaged.passUnretained(reception).toOpaque()
        curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        curl_set_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            deliver(bytes, size * count, context) { $0.takeLine($1) }
        }
        curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        curl_set_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            deliver(bytes, size * count, context) { $0.takeBody($1) }
        }
    }

    /// Runs what was prepared.
    /// - Parameter isOver: looked at between waits, which `wake` ends.
    /// - Returns: `nil` when it was over before the transfer was.
    func perform(isOver: () -> Bool) -> CURLcode? {
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else { return CURLE_FAILED_INIT }
        // Closes a connection in the middle of a reply.
        defer { curl_multi_remove_handle(multi, easy) }
        var running: Int32 = 1
        while true {
            if isOver() { return nil }
            guard curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
            if running == 0 { break }
            curl_multi_poll(multi, nil, 0, 1000, nil)
        }
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { return message.pointee.data.result }
        }
        return CURLE_FAILED_INIT
    }

    /// What a proxy answered when it was asked for a way to the server; 0 without one.
    var proxyStatus: Int {
        var status = 0
        curl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
        return status
    }

    /// Servers of this machine are reached without a proxy.
    private func isHere(_ address: URL) -> Bool {
        ["localhost", "127.0.0.1", "::1", "[::1]"].contains(address.host?.lowercased())
    }

    private func set(_ option: CURLoption, _ value: Int) { curl_set_long(easy, option, value) }

    /// libcurl copies it.
    private func set(_ option: CURLoption, _ text: String) { curl_set_pointer(easy, option, text) }

    private func set(_ fields: [(name: String, value: String)]) {
        curl_slist_free_all(headers)
        // Without asking first whether a large body is wanted.
        headers = curl_slist_append(nil, "Expect:")
        for (name, value) in fields { headers = curl_slist_append(headers, "\(name): \(value)") ?? headers }
        curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers)
    }
}

/// - Returns: what libcurl wants: the number of bytes, or another one to end the transfer.
private func deliver(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    to take: (HTTPReception, UnsafeRawBufferPointer) -> Bool
) -> Int {
    guard let bytes, let context else { return count + 1 }
    let reception = Unmanaged<HTTPReception>.fromOpaque(context).takeUnretainedValue()
    return take(reception, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : count + 1
}
