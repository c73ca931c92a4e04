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
            if GenerationTask.isDeclared(by: [UInt8](data)) {
                let task = try GenerationTask(json: [UInt8](data), file: path)
                tasks.removeAll { $0.name == task.name }
                generationTasks.removeAll { $0.name == task.name }
                generationTasks.append(task)
                continue
            }
            let task = try TaskDeclaration(json: [UInt8](data), file: path)
            if let place = tasks.firstIndex(where: { $0.name == task.name }) {
                tasks[place] = task
            } else {
                tasks.append(task)
            }
        }
    }

    /// - Throws: `TaskError.unknownTask`, with the names of all tasks.
    package func task(_ name: String) throws(TaskError) -> TaskDeclaration {
        if let task = tasks.first(where: { $0.name == name }) { return task }
        let known = (tasks.map(\.name) + generationTasks.map(\.name)).joined(separator: ", ")
        throw TaskError(.unknownTask, "There is no task '\(name)'; the tasks are \(known)")
    }

    /// `nil` where no task of the kind `generate` has that name.
    package func generationTask(_ name: String) -> GenerationTask? { generationTasks.first { $0.name == name } }

    private static var builtIn: [(name: String, json: [UInt8])] {
        [
            ("boolq", PackageResources.boolq_json), ("piqa", PackageResources.piqa_json),
            ("hellaswag", PackageResources.hellaswag_json), ("winogrande", PackageResources.winogrande_json),
            ("arc_easy", PackageResources.arc_easy_json), ("arc_challenge", PackageResources.arc_challenge_json),
            ("openbookqa", PackageResources.openbookqa_json),
        ]
    }
}
