import Foundation
import Transfer

/// Gets one file's content into the cache.
struct BlobDownload: Sendable {
    let client: HubClient
    let cache: HubCache
    let address: URL
    let checksum: Checksum
    let size: Int
    /// In a sentence: `the file config.json of OWNER/NAME`.
    let what: String
    /// Called with the bytes of it that are there, which become fewer when it has to begin anew.
    let progress: @Sendable (Int) -> Void

    /// Bytes that are there of it already.
    var bytesPresent: Int {
        if isPresent { return size }
        let partial = FileNames.size(cache.partialBlob(checksum)) ?? 0
        return partial > size ? 0 : partial
    }

    private var isPresent: Bool { FileNames.size(cache.blob(checksum)) == size }

    /// Whatever ends it before it is whole leaves what there is for the next time; a content that is not the right one
    /// leaves nothing.
    /// - Throws: `HubError`, `CancellationError`.
    func run() async throws {
        if isPresent { return }
        let lock = try await cache.lock(checksum)
        defer { withExtendedLifetime(lock) {} }
        if isPresent { return progress(size) }
        let partial = cache.partialBlob(checksum)
        let writer = try BlobWriter(partial, checksum, size: size, progress: progress)
        // An earlier download, by whatever program, may have left something else.
        let isContinued = writer.have > 0
        try await fill(writer)
        if !writer.isRight, isContinued {
            try writer.restart()
            try await fill(writer)
        }
        guard writer.isRight else {
            FileNames.remove(partial)
            throw HubError(
                .checksum,
                "\(what) has another checksum than the hub says it has (\(checksum.text.prefix(12))…); it was not kept")
        }
        try writer.synchronise()
        try FileNames.move(partial, to: cache.blob(checksum))
    }

    private func fill(_ writer: BlobWriter) async throws {
        var persistence = Persistence(client.configuration)
        while !writer.isWhole {
            let start = writer.have
            do throws(HubClient.Failure) {
                try await fillRest(writer)
            } catch {
                if let failure = writer.failure { throw failure }
                var error = error
                if error.error.status == 416, start > 0 {
                    // The server has less than is here already.
                    try writer.restart()
                    error.isPassing = true
                }
                if writer.have - start >= client.configuration.progressBytes { persistence.succeeded() }
                try await persistence.pause(after: error)
                continue
            }
            persistence.succeeded()
        }
    }

    /// - Throws: `HubClient.Failure`, also when less came than was promised.
    private func fillRest(_ writer: BlobWriter) async throws(HubClient.Failure) {
        let start = writer.have
        let receiver = BlobReceiver(writer)
        defer { receiver.close() }
        do throws(HubClient.Failure) {
            _ = try await client.send(
                .get, address, what, headers: start == 0 ? [] : [("Range", "bytes=\(start)-\(size - 1)")],
                limit: 1 << 20, receiver: receiver)
        } catch {
            guard let refusal = receiver.refusal else { throw error }
            throw HubClient.Failure(HubError(.badReply, "Asked for \(what), \(client.host(address)) sent \(refusal)"))
        }
        if let refusal = receiver.refusal {
            throw HubClient.Failure(HubError(.badReply, "Asked for \(what), \(client.host(address)) sent \(refusal)"))
        }
        guard writer.isWhole else {
            throw HubClient.Failure(
                HubError(.badReply, "Of \(what), only \(writer.have) of \(size) bytes came"), isPassing: true)
        }
    }
}
