import Foundation
import Tokenization

/// The fields of a declaration, each asked for by name and kind.
struct DeclarationFields {
    let values: [String: DocumentValue]
    private let file: String

    init(json: [UInt8], file: String) throws(TaskError) {
        self.file = file
        let most = JSONLines.longestLine
        guard json.count <= most else {
            throw TaskError(.badDeclaration, "The declaration is longer than \(most) bytes", file: file)
        }
        guard String(validating: json, as: UTF8.self) != nil else {
            let line = json.split(separator: 0x0A, omittingEmptySubsequences: false)
                .firstIndex { String(validating: $0, as: UTF8.self) == nil }
            throw TaskError(.badDeclaration, "The declaration is not UTF-8", file: file, line: line.map { $0 + 1 })
        }
        guard let value = try? JSONDecoder().decode(DocumentValue.self, from: Data(json)) else {
            throw TaskError(
                .badDeclaration, "The declaration is not JSON", file: file, line: JSONText.lineOfError(json))
        }
        guard case .mapping(let values) = value else {
            throw TaskError(.badDeclaration, "The declaration is JSON, but no object", file: file)
        }
        self.values = values
    }

    private init(values: [String: DocumentValue], file: String) {
        self.values = values
        self.file = file
    }

    func error(_ message: String) -> TaskError {
        TaskError(.badDeclaration, "The declaration's \(message)", file: file)
    }

    private func missing(_ name: String) -> TaskError {
        TaskError(.badDeclaration, "The declaration lacks the field '\(name)'", file: file)
    }

    func refuseUnknown(_ known: Set<String>) throws(TaskError) {
        if let name = values.keys.filter({ !known.contains($0) }).min() {
            throw error("field '\(name)' is unknown")
        }
    }

    func refuse(_ name: String, of kind: String) throws(TaskError) {
        if values[name] != nil { throw error("field '\(name)' means nothing to the kind '\(kind)'") }
    }

    func text(_ name: String, initial: String? = nil) throws(TaskError) -> String {
        guard let value = values[name] else {
            guard let initial else { throw missing(name) }
            return initial
        }
        guard let text = value.text else { throw error("field '\(name)' is no string") }
        return text
    }

    /// The field `name`. Names are listed with commas between them, and one of them stands for all tasks.
    func taskName() throws(TaskError) -> String {
        let name = try text("name")
        guard !name.isEmpty, name != TaskLibrary.everything,
            name.unicodeScalars.allSatisfy({ $0 != "," && !$0.isPythonSpace })
        else {
            throw error(
                "'name' is '\(name)', but should be a word without white space and commas, and not "
                    + "'\(TaskLibrary.everything)'")
        }
        return name
    }

    func fileName(_ name: String) throws(TaskError) -> String {
        let text = try text(name)
        guard !text.isEmpty, !text.contains("/"), text != ".", text != ".." else {
            throw error("field '\(name)' is not the name of a file")
        }
        return text
    }

    func flag(_ name: String, initial: Bool) throws(TaskError) -> Bool {
        guard let value = values[name] else { return initial }
        guard case .boolean(let flag) = value else { throw error("field '\(name)' is neither true nor false") }
        return flag
    }

    func texts(_ name: String) throws(TaskError) -> [String] {
        guard let value = values[name] else { throw missing(name) }
        guard let texts = value.texts else { throw error("field '\(name)' is no list of strings") }
        return texts
    }

    func number(_ name: String) throws(TaskError) -> Double {
        switch values[name] {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case nil: throw missing(name)
        default: throw error("field '\(name)' is no number")
        }
    }

    func oneOf<Value: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(TaskError) -> Value where Value.RawValue == String {
        try value(try text(name), of: name)
    }

    func allOf<Value: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(TaskError) -> [Value] where Value.RawValue == String {
        var all: [Value] = []
        for text in try texts(name) { all.append(try value(text, of: name)) }
        return all
    }

    private func value<Value: RawRepresentable & CaseIterable>(
        _ text: String, of name: String
    ) throws(TaskError) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw error("field '\(name)' is '\(text)', but should be of \(known)")
        }
        return value
    }

    func cleanUp(_ name: String) throws(TaskError) -> [CleanUpStep] {
        guard let value = values[name] else { return [] }
        guard case .list(let steps) = value else { throw error("field '\(name)' is no list") }
        var result: [CleanUpStep] = []
        for step in steps {
            guard case .mapping(let members) = step else { throw error("field '\(name)' has a step that is no object") }
            result.append(try DeclarationFields(values: members, file: file).cleanUpStep())
        }
        return result
    }

    private func cleanUpStep() throws(TaskError) -> CleanUpStep {
        let step = try text("step")
        switch step {
        case "strip":
            try refuseUnknown(["step"])
            return .strip
        case "replace":
            try refuseUnknown(["step", "text", "with"])
            let old = try text("text")
            guard !old.isEmpty else { throw error("field 'text' is empty") }
            return .replace(PythonText(old), with: PythonText(try text("with")))
        case "removeEnclosed":
            try refuseUnknown(["step", "open", "close"])
            return .removeEnclosed(open: try scalar("open"), close: try scalar("close"))
        default: throw error("step '\(step)' is unknown")
        }
    }

    private func scalar(_ name: String) throws(TaskError) -> Unicode.Scalar {
        let scalars = PythonText(try text(name))
        guard scalars.count == 1, let scalar = scalars.first else { throw error("field '\(name)' is not one sign") }
        return scalar
    }
}
