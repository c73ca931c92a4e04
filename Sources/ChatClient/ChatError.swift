/// Why a chat endpoint gave no usable reply, in one sentence.
package struct ChatError: Error, CustomStringConvertible, Equatable, Codable {
    package enum Code: String, Sendable, Codable, CaseIterable {
        /// The address is no http or https URL.
        case badEndpoint
        /// The request is no JSON: its schema, or a number that is not finite.
        case badRequest
        /// No connection, or it broke.
        case unreachable
        case timeout
        /// A status that is neither success nor worth a retry, or one that stayed after all retries.
        case status
        /// More bytes than a reply may have.
        case tooLarge
        /// Not the JSON of a chat completion.
        case badReply
        /// So many failures in a row that the endpoint is left alone for now.
        case circuitOpen
        /// A recorded run has no such exchange.
        case notRecorded
        /// The record cannot be written or read.
        case recordNotUsable
        /// The caller's task was cancelled.
        case cancelled
    }

    package var code: Code
    /// A sentence without its final stop. It never has the key in it.
    package var message: String
    /// The last HTTP status, when one came.
    package var status: Int?
    /// HTTP requests that were sent for this answer.
    package var attempts: Int

    package init(_ code: Code, _ message: String, status: Int? = nil, attempts: Int = 0) {
        self.code = code
        self.message = message
        self.status = status
        self.attempts = attempts
    }

    package var description: String { "\(message)." }
}
