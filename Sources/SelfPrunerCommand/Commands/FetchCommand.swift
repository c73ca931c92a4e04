import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Get a model, or the questions of zero-shot tasks, from the Hugging Face hub.",
        discussion: """
            The only command that goes to the network by itself. The environment decides where from and where to, as \
            for the hub's Python package: HF_TOKEN (for models that need one; it is read from nowhere else and sent to \
            nobody else), HF_HOME or HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE.
            """,
        subcommands: [Model.self, Tasks.self])
}

extension FetchCommand {
    struct Model: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "model", abstract: "Download a model into the hub's cache and print its path.",
            discussion: """
                Gets configuration, tokenizer and safetensors, or the one GGUF file that --file names. The cache is \
                the one that transformers and others use, so what any of them has is not fetched again. A download \
                that broke off goes on where it stopped; every file is compared with its checksum.

                Examples:
                  MODEL=$(selfpruner fetch model HuggingFaceTB/SmolLM2-135M-Instruct)
                  selfpruner inspect "$MODEL"
                  selfpruner fetch model bartowski/SmolLM2-135M-Instruct-GGUF --file SmolLM2-135M-Instruct-Q8_0.gguf
                """)

        @Argument(help: ArgumentHelp("The model as the hub calls it, OWNER/NAME.", valueName: "owner/name"))
        var repository: String

        @Option(help: "A branch, a tag or a commit.")
        var revision = "main"

        @Option(help: "Get this GGUF file of the repository, in place of configuration, tokenizer and safetensors.")
        var file: String?

        @OptionGroup var json: JSONFlag

        func validate() throws {
            guard file?.lowercased().hasSuffix(".gguf") ?? true else {
                throw ValidationError("--file names a GGUF file; without it, the safetensors are fetched.")
            }
        }

        func run() async throws {
            var options = FetchModelOptions(repository: repository)
            options.revision = revision
            options.file = file
            let model = try await interruptible("what has come is kept, and the same command goes on from there") {
                try await fetchModel(options, observer: TerminalObserver())
            }
            if json.json { return try printJSON(model) }
            try writeToStandardOutput(Data((model.path + "\n").utf8))
            let files = model.files.count == 1 ? "1 file" : "\(model.files.count) files"
            let came =
                model.downloadedBytes == 0
                ? "all of them there already"
                : "\(ByteCount(model.downloadedBytes)) downloaded in "
                    + NumberFormat.duration(.seconds(model.seconds))
            Terminal.writeToStandardError(
                "\(files), \(ByteCount(model.bytes)), \(came); commit \(model.commit.prefix(12)).\n")
        }
    }

    struct Tasks: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tasks", abstract: "Download the validation sets of the seven zero-shot tasks.",
            discussion: """
                BoolQ, PIQA, HellaSwag, WinoGrande, ARC easy and challenge, OpenBookQA: about 18,000 questions, 16 MB, \
                one JSON object a line. They come through the hub's service of rows, and each file is compared with \
                the checksum that it must have. Files that are there and right are left alone, so an interrupted \
                download is repeated by the same command.
                """)

        @Option(
            help: ArgumentHelp(
                "Folder for the files, in place of SELFPRUNER_TASKS or self-pruner/tasks in the cache folder.",
                valueName: "folder"))
        var output: String?

        @OptionGroup var json: JSONFlag

        func run() async throws {
            var options = FetchTasksOptions()
            if let output { options.folder = output }
            let kept = "files that are complete are kept, and the same command gets the others, each from its start"
            let tasks = try await interruptible(kept) {
                try await fetchTasks(options, observer: TerminalObserver())
            }
            if json.json { return try printJSON(tasks) }
            var table = TextTable([
                .init("task"), .init("file"), .init("dataset"), .init("rows", .right), .init("bytes", .right),
                .init(""),
            ])
            for file in tasks.files {
                table.addRow([
                    file.task, file.name, file.dataset, NumberFormat.grouped(file.rows), "\(ByteCount(file.bytes))",
                    file.wasPresent ? "was there" : "new",
                ])
            }
            print(table.plain(heading: Terminal.standardOutput.bold))
            print("\nThe questions are in \(tasks.folder).")
        }
    }
}

/// - Parameter kept: what is there after Ctrl-C, in words.
private func interruptible<Result>(_ kept: String, _ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch is CancellationError {
        Terminal.writeToStandardError("Stopped; \(kept).\n")
        throw ExitCode(130)
    }
}
