import Foundation
import Search
import Tokenization

/// The templates of all prompts, in Jinja: those that come with the program, or a user's in their place.
package struct PromptLibrary: Sendable {
    package enum Name: String, CaseIterable, Sendable {
        case selfPrefix = "self-prefix"
        case selfGenerate = "self-generate"
        case selfSelect = "self-select"
        case selfCrossover = "self-crossover"
        case selfMutate = "self-mutate"
        case chatSystem = "chat-system"
        case chatGenerate = "chat-generate"
        case chatSelect = "chat-select"
        case chatCrossover = "chat-crossover"
        case chatMutate = "chat-mutate"
    }

    private var templates: [Name: ChatTemplate] = [:]
    private var files: [Name: String] = [:]
    private var hash = StableHash()

    /// The same for the same templates.
    package var fingerprint: String { hash.hexadecimal }

    /// - Parameter folder: holds files such as `self-mutate.txt`; where one is missing, the program's own is taken.
    /// - Throws: `ProposerError.badPrompt`, naming the file, for a folder without any of them, and for a template that
    ///   cannot be parsed, or not be rendered with facts such as a search has.
    package init(folder: String? = nil) throws(ProposerError) {
        var found = 0
        for name in Name.allCases {
            var source = name.builtIn
            var file = "\(name.rawValue).txt"
            if let folder {
                let path = (folder as NSString).appendingPathComponent(file)
                if FileManager.default.fileExists(atPath: path) {
                    guard let data = FileManager.default.contents(atPath: path) else {
                        throw ProposerError(.badPrompt, "The prompt cannot be read", file: path)
                    }
                    (source, file, found) = ([UInt8](data), path, found + 1)
                }
            }
            files[name] = file
            hash.add(source)
            hash.add(source.count)
            do {
                templates[name] = try ChatTemplate(String(decoding: source, as: UTF8.self))
            } catch {
                throw ProposerError(
                    .badPrompt, "The prompt is no template: \(error.message), in line \(error.line)", file: file)
            }
        }
        if let folder, found == 0 {
            let names = Name.allCases.map { "\($0.rawValue).txt" }.joined(separator: ", ")
            throw ProposerError(.badPrompt, "The folder has no prompt; prompts are called \(names)", file: folder)
        }
        if folder != nil { try check() }
    }

    /// The text of a prompt, without white space at its end: there, it would be half a token of what follows.
    /// - Throws: `ProposerError.badPrompt`.
    func render(_ name: Name, _ facts: [String: TemplateValue]) throws(ProposerError) -> String {
        guard let template = templates[name] else { return "" }
        do {
            var text = try template.render(messages: [], addingGenerationPrompt: false, variables: facts, time: 0)
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        } catch {
            throw ProposerError(
                .badPrompt, "The prompt cannot be rendered: \(error.message), in line \(error.line)", file: files[name])
        }
    }
}

extension PromptLibrary.Name {
    fileprivate var builtIn: [UInt8] {
        switch self {
        case .selfPrefix: PackageResources.self_prefix_txt
        case .selfGenerate: PackageResources.self_generate_txt
        case .selfSelect: PackageResources.self_select_txt
        case .selfCrossover: PackageResources.self_crossover_txt
        case .selfMutate: PackageResources.self_mutate_txt
        case .chatSystem: PackageResources.chat_system_txt
        case .chatGenerate: PackageResources.chat_generate_txt
        case .chatSelect: PackageResources.chat_select_txt
        case .chatCrossover: PackageResources.chat_crossover_txt
        case .chatMutate: PackageResources.chat_mutate_txt
        }
    }
}
