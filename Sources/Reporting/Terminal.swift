import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the program may assume of the place its text goes to.
///
/// Styling is used only on a terminal, and never when `NO_COLOR` is set to anything (no-color.org) or `TERM` is `dumb`.
package struct Terminal: Sendable {
    /// Whether a line can be redrawn in place.
    package let isInteractive: Bool
    /// Whether bold, dim and colours are used.
    package let isStyled: Bool
    private let fileDescriptor: Int32?
    private let fallbackWidth: Int

    package static var standardOutput: Terminal { Terminal(fileDescriptor: STDOUT_FILENO) }
    package static var standardError: Terminal { Terminal(fileDescriptor: STDERR_FILENO) }

    package init(
        fileDescriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.init(isTTY: isatty(fileDescriptor) == 1, environment: environment, fileDescriptor: fileDescriptor)
    }

    /// A terminal, or none, of the given properties, whatever the process has.
    package init(isTTY: Bool, environment: [String: String]) {
        self.init(isTTY: isTTY, environment: environment, fileDescriptor: nil)
    }

    private init(isTTY: Bool, environment: [String: String], fileDescriptor: Int32?) {
        isInteractive = isTTY && environment["TERM"] != "dumb"
        isStyled = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
        self.fileDescriptor = fileDescriptor
        fallbackWidth = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
    }

    /// Columns of the window now; where nobody knows, `COLUMNS`, else 80.
    package var width: Int {
        guard let fileDescriptor else { return fallbackWidth }
        var size = winsize()
        guard ioctl(fileDescriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return fallbackWidth }
        return Int(size.ws_col)
    }

    package func bold(_ text: String) -> String { styled(text, "1") }
    package func dim(_ text: String) -> String { styled(text, "2") }
    package func green(_ text: String) -> String { styled(text, "32") }

    private func styled(_ text: String, _ code: String) -> String {
        isStyled && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Writes `text` to standard error at once, past any buffer. Errors are ignored: there is nowhere to tell them.
    package static func writeToStandardError(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
