import Foundation
import TestSupport
import Testing

/// The built executable, run as people run it.
enum Program {
    struct Outcome: Sendable {
        var status: Int32
        /// Ended by itself, not by a signal.
        var exited: Bool
        var output: String
        var error: String
        var duration: Duration

        var errorLines: [Substring] { error.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }

        func json() throws -> [String: Any] {
            guard let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] else {
                throw NotFound(description: "standard output is not a JSON object: \(output)")
            }
            return object
        }
    }

    /// What a run of the same search ends with, however often it was interrupted.
    static func result(of report: Outcome) throws -> [String: String] {
        let report = try report.json()
        var result: [String: String] = [:]
        for key in ["evaluated", "bestFitness", "bestSoFar", "evaluatedPerRung", "best"] {
            guard let value = report[key] else { throw NotFound(description: "\(key) is not in the report") }
            let data = try JSONSerialization.data(withJSONObject: [value], options: .sortedKeys)
            result[key] = String(decoding: data, as: UTF8.self)
        }
        return result
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
    ///   - instant: kills it (SIGKILL) so long after its start.
    ///   - file: kills it as soon as this file is there.
    ///   - limit: ends it, which is an issue of the test, so long after its start.
    static func run(
        _ arguments: [String], input: String = "/dev/null", output sink: String? = nil,
        environment: [String: String] = [:], interruptingWhenErrorContains text: String? = nil,
        killingAfter instant: Duration? = nil, orWhenThereIs file: String? = nil, limit: Duration = .seconds(120)
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
        // A thread of its own: tests that compute keep all threads of tasks busy, and an instant would pass.
        let watcher = Watcher(process, error, text, instant, file)
        try process.run()
        let duration = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: watcher.watch(limit: limit)) }
        }
        if watcher.isOverdue { Issue.record("`\(arguments.joined(separator: " "))` was ended after \(limit)") }
        return Outcome(
            status: process.terminationStatus, exited: process.terminationReason == .exit,
            output: String(decoding: try folder.data("output"), as: UTF8.self),
            error: String(decoding: try folder.data("error"), as: UTF8.self), duration: duration)
    }
}

/// Watches a process until it ends, and interrupts or kills it when it is time.
private final class Watcher: @unchecked Sendable {
    private let process: Process
    private let errorFile: String
    private let text: String?
    private let instant: Duration?
    private let file: String?
    /// Whether it had to be ended; read when `watch` has returned.
    private(set) var isOverdue = false

    init(_ process: Process, _ errorFile: String, _ text: String?, _ instant: Duration?, _ file: String?) {
        (self.process, self.errorFile, self.text, self.instant) = (process, errorFile, text, instant)
        self.file = file
    }

    /// - Returns: how long the process ran.
    func watch(limit: Duration) -> Duration {
        var isInterrupted = false
        let start = ContinuousClock.now
        while process.isRunning {
            let elapsed = ContinuousClock.now - start
            if let text, !isInterrupted,
                let written = FileManager.default.contents(atPath: errorFile),
                String(decoding: written, as: UTF8.self).contains(text)
            {
                process.interrupt()
                isInterrupted = true
            }
            if let instant, elapsed >= instant { kill(process.processIdentifier, SIGKILL) }
            if let file, FileManager.default.fileExists(atPath: file) { kill(process.processIdentifier, SIGKILL) }
            if elapsed > limit {
                isOverdue = true
                process.terminate()
            }
            usleep(instant == nil ? 5000 : 500)
        }
        return ContinuousClock.now - start
    }
}
