import Foundation
import SelfPruner

/// Measures a model's speed in a process of its own: this program, once more.
enum BenchProcess {
    /// - Throws: `SelfPrunerError.processFailed` with what the process said; `CancellationError`.
    static func run(_ model: String, _ options: BenchOptions, isCancelled: () -> Bool) throws -> BenchRun {
        guard let program = Bundle.main.executableURL else {
            throw SelfPrunerError(.processFailed, "The program cannot find itself to measure in a process of its own")
        }
        var arguments = [
            "bench-run", "--prompt-tokens", "\(options.promptTokens)", "--new-tokens", "\(options.newTokens)",
            "--precision", options.compute.precision.rawValue,
        ]
        if let threads = options.compute.threads { arguments += ["--threads", "\(threads)"] }
        let process = Process()
        process.executableURL = program
        // A model's name may begin with a hyphen.
        process.arguments = arguments + ["--", model]
        process.standardInput = FileHandle.nullDevice
        // Files take whatever the process prints; a pipe that nobody empties would stop it.
        let (output, error) = (try scratchFile(), try scratchFile())
        process.standardOutput = output
        process.standardError = error
        do {
            try process.run()
        } catch {
            throw SelfPrunerError(.processFailed, "The program cannot start itself again: \(reason(of: error))")
        }
        while process.isRunning {
            if isCancelled() {
                // It has nothing to put in order, and may have no ear for gentler signals.
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                throw CancellationError()
            }
            usleep(10_000)
        }
        // Ctrl-C reaches both processes; this one may hear of it a moment later.
        if process.terminationReason == .uncaughtSignal, process.terminationStatus == SIGINT {
            throw CancellationError()
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw SelfPrunerError(.processFailed, "The process that measured \(model) failed: \(words(process, error))")
        }
        do {
            return try JSONDecoder().decode(BenchRun.self, from: content(output))
        } catch {
            throw SelfPrunerError(.processFailed, "The process that measured \(model) gave no result")
        }
    }

    /// A file without a name: nothing of it is left behind, however this process ends.
    private static func scratchFile() throws -> FileHandle {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("selfpruner-\(UUID().uuidString)")
        do {
            try Data().write(to: url)
            defer { try? FileManager.default.removeItem(at: url) }
            return try FileHandle(forUpdating: url)
        } catch {
            throw SelfPrunerError(.processFailed, "The file \(url.path) cannot be made: \(reason(of: error))")
        }
    }

    /// All that a process has written to a file.
    private static func content(_ file: FileHandle) throws -> Data {
        try file.seek(toOffset: 0)
        return try file.readToEnd() ?? Data()
    }

    /// What a process said before it failed, without a final stop.
    private static func words(_ process: Process, _ error: FileHandle) -> String {
        let data = try? content(error)
        var line = String(decoding: data ?? Data(), as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        if line.hasPrefix("selfpruner: ") { line.removeFirst("selfpruner: ".count) }
        while line.hasSuffix(".") { line.removeLast() }
        let end =
            process.terminationReason == .uncaughtSignal
            ? "it was ended by signal \(process.terminationStatus)" : "it ended with \(process.terminationStatus)"
        return line.isEmpty ? end : line
    }
}
