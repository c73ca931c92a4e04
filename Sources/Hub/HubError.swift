/// Why something could not be had from the hub, in one sentence.
package struct HubError: Error, CustomStringConvertible, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        /// A name of a repository, revision or file that cannot be one.
        case badName
        /// A setting of the environment that makes no sense: an address, or a token that is no token.
        case badSetting
        /// The environment says that the hub is not to be asked.
        case offline
        /// No such repository, revision or file; a private one looks the same.
        case notFound
        /// The token is missing, or what it may see does not include this.
        case denied
        /// No connection, or it broke, again and again.
        case unreachable
        case timeout
        /// A status that is neither success nor worth a retry, or one that stayed after all retries.
        case status
        /// Redirects that go round, or somewhere that is not to be followed.
        case badRedirect
        /// More bytes than a reply may have.
        case tooLarge
        /// Not what the hub's interface promises.
        case badReply
        /// A file name that would leave its folder.
        case unsafeName
        /// Content with another size or checksum than it should have.
        case checksum
        /// Nothing in the repository that could be opened.
        case noModel
        case notWritable
        case noSpace
    }

    package var code: Code
    /// A sentence without its final stop. It never has the token in it, nor a signed address.
    package var message: String
    /// The last HTTP status, when one came.
    package var status: Int?

    package init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    package var description: String { "\(message)." }
}
