import Foundation
import Kernels

/// How models run on this machine.
public struct ComputeOptions: Sendable, Codable, Equatable {
    public enum Precision: String, Sendable, Codable, CaseIterable {
        /// bfloat16 where the CPU multiplies it natively, else float32.
        case auto
        case float32, bfloat16
    }

    public var precision: Precision
    /// `nil` for one per core.
    public var threads: Int?

    public init(precision: Precision = .auto, threads: Int? = nil) {
        self.precision = precision
        self.threads = threads
    }

    /// Sets the process's threads and settles the precision.
    /// - Throws: `SelfPrunerError.badOption`.
    func apply() throws(SelfPrunerError) -> Kernels.Precision {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let count = threads ?? cores
        guard (1...1024).contains(count) else {
            throw SelfPrunerError(.badOption, "The number of threads must lie between 1 and 1024, not \(count)")
        }
        Threads.count = count
        switch precision {
        case .auto: return .automatic
        case .float32: return .float32
        case .bfloat16:
            guard Kernels.Precision.supported.contains(.bfloat16) else {
                throw SelfPrunerError(.badOption, "This CPU cannot multiply bfloat16; use --precision float32")
            }
            return .bfloat16
        }
    }
}

/// Figures of this process that the operating system keeps.
enum ProcessFigures {
    /// The largest resident size so far, in bytes.
    static var peakMemoryBytes: Int {
        #if os(Linux)
            // Not getrusage's: a process that was just started has the peak of the one that started it there.
            if let bytes = highWaterMark { return bytes }
        #endif
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #endif
    }

    #if os(Linux)
        private static var highWaterMark: Int? {
            guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
            let words = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(
                whereSeparator: \.isWhitespace)
            return words.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * 1024 }
        }
    #endif
}
