import Foundation
import Transfer

/// Where the hub is, who asks, where files go and how long to try. Names and meanings of the environment are those of
/// the Python package `huggingface_hub`.
package struct HubConfiguration: Sendable {
    /// `HF_ENDPOINT`, of models.
    package var endpoint: URL
    /// `HF_DATASETS_SERVER`, of rows of datasets.
    package var rowsEndpoint: URL
    /// `HF_TOKEN`.
    package var token: AccessKey?
    /// A file of certificates to trust in place of the system's: `CURL_CA_BUNDLE` or `SSL_CERT_FILE`.
    package var certificates: String?
    /// `HF_HUB_CACHE`, or `hub` in `HF_HOME`.
    package var cache: String

    /// Attempts in a row that bring nothing.
    package var maximumAttempts = 6
    package var firstPause = Duration.milliseconds(500)
    package var longestPause = Duration.seconds(30)
    /// A server that wants us to wait longer is not waited for.
    package var longestRequestedPause = Duration.seconds(300)
    /// Of a server that sends nothing.
    package var silence = Duration.seconds(30)
    /// A megabyte is a success, after which failures count anew.
    package var progressBytes = 1 << 20
    /// Of replies that are read whole: lists of files, indexes, rows.
    package var maximumReplyBytes = 32 << 20
    /// Pauses are jittered by it; `nil` for none.
    package var jitterSeed: UInt64? = UInt64.random(in: .min ... .max)

    /// - Throws: `HubError`: `badSetting`, or `offline`.
    package init(environment: [String: String]) throws(HubError) {
        let value = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let offline = value("HF_HUB_OFFLINE"), ["1", "ON", "YES", "TRUE"].contains(offline.uppercased()) {
            throw HubError(.offline, "HF_HUB_OFFLINE is set, so nothing is fetched; unset it to go online")
        }
        endpoint = try Self.address(value("HF_ENDPOINT") ?? "https://huggingface.co", "HF_ENDPOINT")
        rowsEndpoint = try Self.address(
            value("HF_DATASETS_SERVER") ?? "https://datasets-server.huggingface.co", "HF_DATASETS_SERVER")
        if let text = value("HF_TOKEN") {
            guard let token = AccessKey(text) else {
                throw HubError(.badSetting, "HF_TOKEN is no token: it is not one line of printable ASCII")
            }
            self.token = token
        }
        certificates = HTTPTransport.certificates(environment)
        let home = value("HOME") ?? NSHomeDirectory()
        let expanded = { (path: String) in
            path == "~" || path.hasPrefix("~/") ? home + path.dropFirst() : path
        }
        let caches = value("XDG_CACHE_HOME") ?? home + "/.cache"
        let hub = expanded(value("HF_HOME") ?? caches + "/huggingface")
        cache = expanded(value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? hub + "/hub")
        cache = URL(fileURLWithPath: cache).standardizedFileURL.path
    }

    private static func address(_ text: String, _ name: String) throws(HubError) -> URL {
        guard var parts = URLComponents(string: text.trimmingCharacters(in: .whitespacesAndNewlines)),
            ["http", "https"].contains(parts.scheme?.lowercased()), parts.host?.isEmpty == false,
            (1...65_535).contains(parts.port ?? 80)
        else { throw HubError(.badSetting, "\(name) is no address that begins with http:// or https://") }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            throw HubError(.badSetting, "\(name) has a user, a password or a query in it; an address is host and path")
        }
        while parts.percentEncodedPath.hasSuffix("/") { parts.percentEncodedPath.removeLast() }
        guard let url = parts.url else { throw HubError(.badSetting, "\(name) is no address") }
        return url
    }
}
