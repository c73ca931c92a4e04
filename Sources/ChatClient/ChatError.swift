/// Why a chat endpoint gave no usable reply, in one sentence.
package struct ChatError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable {
        /// The address is no http or https URL.
        case badEndpoint
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
    }

    package var code: Code
    /// A sentence without its final stop. It never has the key in it.
    package var message: String
    package var status: Int?

    package init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    package var description: String { "\(message)." }
}
