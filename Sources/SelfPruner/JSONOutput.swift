import Foundation

/// How every JSON output of the program is written: sorted camelCase keys, one value a line.
package enum JSONOutput {
    /// Numbers that JSON does not have.
    static let nonFinite = JSONEncoder.NonConformingFloatEncodingStrategy.convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")

    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = nonFinite
        return try encoder.encode(value) + Data("\n".utf8)
    }
}
