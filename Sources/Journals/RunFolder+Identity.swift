import Foundation

/// The content of `run.json`.
private struct RunFile: Codable {
    static let format = "selfpruner run"
    static let version = 1

    var format = Self.format
    var version = Self.version
    var identity: JSONValue
}

/// What every version of `run.json` has.
private struct RunFileVersion: Decodable {
    let format: String
    let version: Int
}

extension RunFolder {
    /// - Returns: nil if there is no `run.json`.
    static func identity(_ folder: String) throws(JournalError) -> JSONValue? {
        let path = "\(folder)/\(runName)"
        let bytes: [UInt8]
        do { bytes = try OpenFile(path, .read).contents() } catch {
            if error.number == ENOENT { return nil }
            throw JournalError(.notReadable, "The run's settings cannot be read: \(error.reason)", file: path)
        }
        let decoder = JournalCoding.decoder()
        guard let version = try? decoder.decode(RunFileVersion.self, from: Data(bytes)),
            version.format == RunFile.format
        else { throw JournalError(.corrupt, "This is not the description of a run, or it is damaged", file: path) }
        guard version.version == RunFile.version else {
            throw JournalError(
                .unknownVersion,
                "The run has version \(version.version); this program reads version \(RunFile.version)",
                file: path)
        }
        do { return try decoder.decode(RunFile.self, from: Data(bytes)).identity } catch {
            throw JournalError(.corrupt, "The run's settings are damaged: \(JournalCoding.reason(error))", file: path)
        }
    }

    static func write(_ identity: JSONValue, _ folder: String) throws(JournalError) {
        let path = "\(folder)/\(runName)"
        do {
            let data = try JournalCoding.encoder(pretty: true).encode(RunFile(identity: identity))
            try FileSystem.replace(path, Array(data) + [JournalLine.newline], partial: "\(folder)/\(partialName)")
        } catch {
            let reason = (error as? SystemFailure)?.reason ?? JournalCoding.reason(error)
            throw JournalError(.notWritable, "The run's settings cannot be written: \(reason)", file: path)
        }
    }
}
