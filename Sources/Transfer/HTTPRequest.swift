import Foundation

package struct HTTPRequest: Sendable {
    package enum Method: Sendable { case get, head, post }

    package var method: Method
    package var address: URL
    package var headers: [(name: String, value: String)]
    package var body: Data

    package init(
        _ method: Method = .post, address: URL, headers: [(name: String, value: String)], body: Data = Data()
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }
}
