import Foundation

/// A process that speaks TLS for a server on loopback, with a certificate that nobody trusts by himself.
package final class TLSProxy: Sendable {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "TLS")

    /// The certificate; the key is in the same file.
    package static let certificates = folder.appendingPathComponent("localhost.pem").path

    package let port: UInt16
    private let input = Pipe()

    /// - Parameter server: the port of the server.
    package init(_ server: UInt16) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", Self.folder.appendingPathComponent("proxy.py").path, "\(server)"]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = UInt16(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw POSIXError(.EADDRNOTAVAIL)
        }
        self.port = port
    }

    deinit { try? input.fileHandleForWriting.close() }
}
