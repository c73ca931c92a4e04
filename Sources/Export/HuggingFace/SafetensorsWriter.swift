import Foundation

/// Writes one safetensors file: a JSON header of names, types, shapes and offsets, then the tensors one after the
/// other (github.com/huggingface/safetensors, format description).
package struct SafetensorsWriter {
    package struct Entry: Sendable {
        package var name: String
        package var shape: [Int]

        package init(name: String, shape: [Int]) {
            self.name = name
            self.shape = shape
        }

        var count: Int { shape.reduce(1, *) }
    }

    package let entries: [Entry]
    package let element: StoredElement

    package init(_ entries: [Entry], element: StoredElement) {
        self.entries = entries
        self.element = element
    }

    /// Tensors are asked for one at a time, in order.
    /// - Throws: `ExportError.notWritable` and what `values` throws.
    package func write(to path: String, values: (Int) throws -> [Float]) throws {
        let file = try FileSink(path)
        try header.withUnsafeBytes { try file.append($0) }
        for (index, entry) in entries.enumerated() {
            let tensor = try values(index)
            precondition(tensor.count == entry.count, "\(entry.name) has \(tensor.count) values")
            try element.encode(tensor).withUnsafeBytes { try file.append($0) }
        }
        try file.close()
    }

    /// Bytes of the file that `write` makes.
    package var byteCount: Int { header.count + entries.reduce(0) { $0 + $1.count * element.byteCount } }

    private var header: [UInt8] {
        var fields = [#""__metadata__":{"format":"pt"}"#]
        var offset = 0
        for entry in entries {
            let end = offset + entry.count * element.byteCount
            let shape = entry.shape.map(String.init).joined(separator: ",")
            fields.append(
                #""\#(entry.name)":{"dtype":"\#(element.rawValue)","shape":[\#(shape)],"#
                    + #""data_offsets":[\#(offset),\#(end)]}"#)
            offset = end
        }
        var json = Array("{\(fields.joined(separator: ","))}".utf8)
        // Padded with spaces, so that the tensors are aligned.
        json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
    }
}
