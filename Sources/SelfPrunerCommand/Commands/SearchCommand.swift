import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Search how much each part of a model can lose, and keep every step.",
        discussion: """
            A run is a folder with the settings and a journal of every candidate. The same command goes on with a run \
            that was interrupted; with more --candidates it extends a finished one. `selfpruner prune` with the same \
            settings and the same --run uses what was found.

            Examples:
              selfpruner search model.gguf --rate 0.3 --run runs/a
              selfpruner search --run runs/a --candidates 430
              selfpruner search --run runs/a --status
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder; not needed for a run that exists.")
    var model: String?

    @Option(help: "Folder of the run.")
    var run: String

    @Option(help: "Fraction of the decoder blocks' parameters to remove, between 0 and 1.")
    var rate: Double?

    @Option(help: ArgumentHelp(SearchArguments.proposerHelp))
    var proposer: SearchOptions.ProposerKind?

    @Flag(help: "Only show how the run stands.")
    var status = false

    @OptionGroup(title: "Search") var search: SearchArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if status { return }
        guard model == nil else {
            if rate == nil { throw ValidationError("A new run needs --rate.") }
            return try search.validateNew()
        }
        let given =
            search.settled + (rate == nil ? [] : ["--rate"]) + (proposer == nil ? [] : ["--proposer"])
            + (compute.threads == nil ? [] : ["--threads"]) + (compute.precision == .auto ? [] : ["--precision"])
        guard given.isEmpty else {
            throw ValidationError(
                "A run keeps its settings, so \(given.joined(separator: ", ")) cannot be given without MODEL; "
                    + "--candidates, --time, --memory, --calibration-cache and the chat endpoint can.")
        }
    }

    func run() async throws {
        if status { return try show(SearchStatus(ofRun: run)) }
        let report = try await keepingRun {
            try await SelfPruner.search(
                try options, run: run, observer: TerminalObserver(onStop: "stopped; run the same command to go on"))
        }
        if json.json { return try printJSON(report) }
        print("")
        show(report)
        print("\nThe run is in \(run); `selfpruner prune` with --run \(run) and the same settings writes the model.")
    }

    private var options: SearchOptions {
        get throws {
            if let model, let rate {
                var options = try search.options(model: model, rate: rate, compute: compute)
                if let proposer { options.proposer = proposer }
                return options
            }
            try search.check()
            var options = try searchOptions(ofRun: run)
            if let candidates = search.candidates { options.candidates = candidates }
            options.timeLimit = search.timeLimit?.seconds
            if let memory = search.memory { options.memory = memory.bytes }
            options.calibrationCache = search.texts.calibrationCache
            if let chat = try search.chat.options(of: options.chat) { options.chat = chat }
            return options
        }
    }

    private func show(_ status: SearchStatus) throws {
        if json.json { return try printJSON(status) }
        print("\(status.model), rate \(status.rate): \(status.report.evaluated) of \(status.candidates) candidates")
        if let process = status.process {
            print("Process \(process) is working on it.")
        } else if status.report.finishReason == nil {
            print("It is not finished, and no process is working on it.")
        }
        show(status.report)
    }

    private func show(_ report: SearchReport) {
        print(report.summary(fitness: "lower is better"))
        print("")
        print(report.operatorTable.plain(heading: Terminal.standardOutput.bold))
    }
}
