import Foundation
import TestSupport

/// The built executable, run as people run it.
enum Program {
    struct Outcome: Sendable {
        var status: Int32
        /// Ended by itself, not by a signal.
        var exited: Bool
        var output: String
        var error: String

        var errorLines: [Substring] { error.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }

        func json() throws -> [String: Any] {
            guard let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
                throw NotFound(description: "standard output is not a JSON object: \(output)")
            }
            return object
        }
    }

    struct NotFound: Error, CustomStringConvertible { var description: String }

    /// `selfpruner` lies beside the test bundle, or beside a folder that holds it.
    static func executable() throws -> URL {
        let places = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath) + [Bundle.main.executablePath ?? ""]
        for place in places where place.contains(".xctest") {
            var folder = URL(fileURLWithPath: place).standardizedFileURL
            while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
            let executable = folder.appendingPathComponent("selfpruner")
            if FileManager.default.isExecutableFile(atPath: executable.path) { return executable }
        }
        throw NotFound(description: "selfpruner is not beside the test bundle; looked around \(places)")
    }

    /// Runs it to its end.
    /// - Parameters:
    ///   - input: a file for standard input; none by default.
    ///   - sink: a file for standard output, which the outcome then lacks.
    ///   - text: interrupts (as Ctrl-C does) as soon as standard error holds this text.
    static func run(
        _ arguments: [String], input: String = "/dev/null", output sink: String? = nil,
        environment: [String: String] = [:], interruptingWhenErrorContains text: String? = nil
    ) async throws -> Outcome {
        let folder = try TemporaryFolder()
        // Files, not pipes: nobody has to empty them.
        let (output, error) = (try folder.write("output", Data()), try folder.write("error", Data()))
        let process = Process()
        process.executableURL = try executable()
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: sink ?? output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
        try process.run()
        var isInterrupted = false
        let deadline = ContinuousClock.now + .seconds(60)
        while process.isRunning {
            if let text, !isInterrupted, String(decoding: try folder.data("error"), as: UTF8.self).contains(text) {
                process.interrupt()
                isInterrupted = true
            }
            if ContinuousClock.now > deadline { process.terminate() }
            try await Task.sleep(for: .milliseconds(5))
        }
        return Outcome(
            status: process.terminationStatus, exited: process.terminationReason == .exit,
            output: String(decoding: try folder.data("output"), as: UTF8.self),
            error: String(decoding: try folder.data("error"), as: UTF8.self))
    }
}
