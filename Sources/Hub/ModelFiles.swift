import Foundation

/// Which files of a repository make a model that can be opened.
enum ModelFiles {
    static let index = "model.safetensors.index.json"
    private static let weights = "model.safetensors"
    /// An index names every tensor: some megabytes for the largest models.
    static let longestIndex = 64 << 20

    private static let exact: Set<String> = [
        "config.json", "generation_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "chat_template.json", "chat_template.jinja",
    ]

    /// One GGUF file.
    /// - Throws: `HubError` `notFound`, naming those that there are.
    static func named(
        _ name: String, in listing: RepositoryListing, _ repository: RepositoryName
    ) throws(HubError) -> RepositoryListing.File {
        if let file = listing.file(name) { return file }
        throw HubError(.notFound, "\(repository) has no file \(shown(name))\(others(listing))")
    }

    /// Everything but weights: configuration and tokenizer, and the index if there is one.
    /// - Throws: `HubError` `noModel`.
    static func descriptions(
        in listing: RepositoryListing, _ repository: RepositoryName
    ) throws(HubError) -> [RepositoryListing.File] {
        let hasWeights = listing.file(index) != nil || listing.file(weights) != nil
        guard listing.file("config.json") != nil, hasWeights else {
            let missing = hasWeights ? "config.json" : "weights as safetensors"
            throw HubError(.noModel, "\(repository) has no \(missing)\(others(listing))")
        }
        return listing.files.filter {
            exact.contains($0.name) || $0.name == index
                || $0.name.hasPrefix("tokenizer") && !$0.name.contains("/")
        }
    }

    /// The files with weights.
    /// - Parameter json: the content of the index, if there is one.
    /// - Throws: `HubError`: `badReply`, `unsafeName`, `noModel`.
    static func weights(
        in listing: RepositoryListing, index json: Data?, _ repository: RepositoryName
    ) throws(HubError) -> [RepositoryListing.File] {
        guard let json else { return listing.files.filter { $0.name == weights } }
        struct Index: Decodable {
            var map: [String: String]
            enum CodingKeys: String, CodingKey { case map = "weight_map" }
        }
        guard let names = (try? JSONDecoder().decode(Index.self, from: json))?.map.values else {
            throw HubError(.badReply, "The file \(index) of \(repository) is not the JSON of an index")
        }
        var files: [RepositoryListing.File] = []
        for name in Set(names).sorted() {
            guard SafePath.isInside(name) else {
                throw HubError(
                    .unsafeName,
                    "The file \(index) of \(repository) names '\(shown(name))', which is no path inside a folder")
            }
            guard let file = listing.file(name) else {
                throw HubError(
                    .noModel, "The file \(index) of \(repository) names \(shown(name)), which is not there")
            }
            files.append(file)
        }
        guard !files.isEmpty else { throw HubError(.noModel, "The file \(index) of \(repository) names no files") }
        return files
    }

    private static func others(_ listing: RepositoryListing) -> String {
        let names = listing.files.map(\.name).filter { $0.lowercased().hasSuffix(".gguf") }.sorted()
        guard !names.isEmpty else { return "; nor has it GGUF files" }
        let list = names.prefix(12).map { shown($0) }.joined(separator: ", ")
        return "; its GGUF files, which --file names one of, are \(list)\(names.count > 12 ? ", …" : "")"
    }
}
