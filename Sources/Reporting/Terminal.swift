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
    /// Whether the locale says that text is UTF-8, so that bars and arrows can be shown.
    package let isUnicode: Bool
    private let fileDescriptor: Int32?
    private let fallbackWidth: Int
    private let fallbackHeight: Int

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
        // POSIX: the first of the three that is set and not empty decides.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let codeset = locale.lowercased().filter { $0 != "-" }
        isUnicode = codeset.contains("utf8")
        self.fileDescriptor = fileDescriptor
        func count(_ name: String) -> Int? { environment[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }
        fallbackWidth = count("COLUMNS") ?? 80
        fallbackHeight = count("LINES") ?? 24
    }

    /// Columns of the window now; where nobody knows, `COLUMNS`, else 80.
    package var width: Int {
        guard let size = windowSize, size.ws_col > 0 else { return fallbackWidth }
        return Int(size.ws_col)
    }

    /// Lines of the window now; where nobody knows, `LINES`, else 24.
    package var height: Int {
        guard let size = windowSize, size.ws_row > 0 else { return fallbackHeight }
        return Int(size.ws_row)
    }

    private var windowSize: winsize? {
        guard let fileDescriptor else { return nil }
        var size = winsize()
        return ioctl(fileDescriptor, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
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
