import Foundation
import Testing

/// Every key of what a command prints as JSON is in the documentation.
/// - Parameter maps: keys whose values are maps: the keys in them are names of something.
func expectDocumented(_ value: Any, maps: Set<String> = []) throws {
    let document = try String(
        contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/JSON.md"), encoding: .utf8)
    func check(_ value: Any, isMap: Bool = false) {
        for element in value as? [Any] ?? [] { check(element) }
        for (key, value) in value as? [String: Any] ?? [:] {
            if !isMap { #expect(document.contains("`\(key)`"), "\(key) is not in Documentation/JSON.md") }
            check(value, isMap: maps.contains(key))
        }
    }
    check(value)
}
