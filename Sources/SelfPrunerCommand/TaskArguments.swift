import ArgumentParser
import Foundation
import SelfPruner

/// Which tasks, on how much of them.
struct TaskArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Zero-shot tasks, with commas between them: \(TaskSelection.standard.joined(separator: ", ")), or all.",
            valueName: "name,…"))
    var tasks: String?

    @Option(help: "Only the first so many questions of each task.")
    var limit: Int?

    @Option(
        help: """
            Examples in front of each question, drawn as lm-evaluation-harness draws them from the task's training \
            file (boolq_train.jsonl, winogrande_xl_train.jsonl and so on, in the folder of the questions). Questions \
            are never examples: without that file, which `fetch tasks` does not get, it is an error.
            """)
    var shots = 0

    @Option(
        help: """
            Folder with the questions (boolq_validation.jsonl and so on), in place of SELFPRUNER_TASKS or \
            self-pruner/tasks in the cache folder.
            """)
    var taskData: String?

    @Option(help: "Folder with declarations of more tasks, each a file that ends in .json.")
    var taskDeclarations: String?

    @Flag(
        help: """
            Leave out what the tokenizer puts around a text, such as the begin-of-text token: what versions of \
            lm-evaluation-harness before 0.4.9.2 did.
            """)
    var noSpecialTokens = false

    func validate() throws {
        guard tasks == nil else { return }
        try requireNone(
            of: [
                ("--limit", limit != nil), ("--shots", shots != 0), ("--task-data", taskData != nil),
                ("--task-declarations", taskDeclarations != nil), ("--no-special-tokens", noSpecialTokens),
            ], without: "--tasks")
    }

    /// `nil` without tasks.
    var selection: TaskSelection? {
        guard let tasks else { return nil }
        let names = tasks.split(separator: ",", omittingEmptySubsequences: false)
        var selection = TaskSelection(names.map { $0.trimmingCharacters(in: .whitespaces) })
        selection.limit = limit
        selection.shots = shots
        selection.dataFolder = taskData
        selection.declarationFolder = taskDeclarations
        selection.addsSpecialTokens = !noSpecialTokens
        return selection
    }
}
