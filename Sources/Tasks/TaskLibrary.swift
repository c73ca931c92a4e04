import Foundation

/// The declarations of all tasks: those that come with the program, and a user's.
package struct TaskLibrary: Sendable {
    /// In the order of papers on pruning; then a user's, by name.
    package private(set) var tasks: [TaskDeclaration]
    /// A user's tasks of the kind `generate`, by the names of their files.
    package private(set) var generationTasks: [GenerationTask] = []

    /// The seven tasks of papers on pruning.
    package static let standard = [
        "boolq", "piqa", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa",
    ]

    /// - Parameter folder: holds declarations, each a file that ends in `.json`; one takes the place of the program's own
    ///   of the same name.
    /// - Throws: `TaskError`: `unreadable`, or `badDeclaration`, naming the file.
    package init(folder: String? = nil) throws(TaskError) {
        tasks = []
        var files: [String: String] = [:]
        for (name, json) in Self.builtIn { tasks.append(try TaskDeclaration(json: json, file: "\(name).json")) }
        guard let folder else { return }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw TaskError(.unreadable, "The folder of tasks cannot be read", file: folder)
        }
        for name in names.sorted() where name.hasSuffix(".json") {
            let path = (folder as NSString).appendingPathComponent(name)
            guard let data = FileManager.default.contents(atPath: path) else {
                throw TaskError(.unreadable, "The declaration cannot be read", file: path)
            }
            let json = [UInt8](data)
            let generation = GenerationTask.isDeclared(by: json) ? try GenerationTask(json: json, file: path) : nil
            let choice = generation == nil ? try TaskDeclaration(json: json, file: path) : nil
            let declared = generation?.name ?? choice?.name ?? ""
            if let other = files.updateValue(name, forKey: declared) {
                throw TaskError(.badDeclaration, "The task '\(declared)' is declared by \(other) too", file: path)
            }
            if let generation {
                tasks.removeAll { $0.name == declared }
                generationTasks.append(generation)
            }
            guard let task = choice else { continue }
            if let place = tasks.firstIndex(where: { $0.name == task.name }) {
                tasks[place] = task
            } else {
                tasks.append(task)
            }
        }
    }

    /// In place of a name: all tasks.
    package static let everything = "all"

    /// The tasks of these names, each once, but for those of the kind `generate`.
    /// - Throws: `TaskError.unknownTask`, with the names of all tasks.
    package func tasks(_ names: [String]) throws(TaskError) -> [TaskDeclaration] {
        var chosen: [TaskDeclaration] = []
        for name in names {
            if generationTasks.contains(where: { $0.name == name }) { continue }
            let named = name == Self.everything ? tasks : [try task(name)]
            for task in named where !chosen.contains(where: { $0.name == task.name }) { chosen.append(task) }
        }
        return chosen
    }

    /// - Throws: `TaskError.unknownTask`, with the names of all tasks.
    package func task(_ name: String) throws(TaskError) -> TaskDeclaration {
        if let task = tasks.first(where: { $0.name == name }) { return task }
        let known = (tasks.map(\.name) + generationTasks.map(\.name)).joined(separator: ", ")
        throw TaskError(.unknownTask, "There is no task '\(name)'; the tasks are \(known)")
    }

    /// Those of the kind `generate` among the tasks of these names, by the names of their files.
    package func generationTasks(_ names: [String]) -> [GenerationTask] {
        generationTasks.filter { names.contains($0.name) || names.contains(Self.everything) }
    }

    private static var builtIn: [(name: String, json: [UInt8])] {
        [
            ("boolq", PackageResources.boolq_json), ("piqa", PackageResources.piqa_json),
            ("hellaswag", PackageResources.hellaswag_json), ("winogrande", PackageResources.winogrande_json),
            ("arc_easy", PackageResources.arc_easy_json), ("arc_challenge", PackageResources.arc_challenge_json),
            ("openbookqa", PackageResources.openbookqa_json),
        ]
    }
}
