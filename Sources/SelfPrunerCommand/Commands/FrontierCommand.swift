import ArgumentParser
import Reporting
import SelfPruner

struct FrontierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier", abstract: "Draw what a model loses by how much of it goes.",
        discussion: """
            Prunes at several rates, with the same rate everywhere and by a search, and measures each on the \
            evaluation text. Nothing is calibrated or factored twice. The output folder gets frontier.svg, \
            frontier.csv, frontier.json and frontier.md, and the run of every search (rate-0.3 and so on); the same \
            command goes on with what is missing, and more --rates add to it. `selfpruner prune` with the same \
            settings, a rate and --run OUTPUT/rate-0.3 writes that model.

            Example:
              selfpruner frontier model.gguf --rates 0.1,0.2,0.3,0.4,0.5 \\
                --candidates 100 --output frontier
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(
        help: ArgumentHelp(
            "Fractions of the decoder blocks' parameters to remove. (default: 0.1,0.2,0.3,0.4,0.5)",
            valueName: "rate,…"))
    var rates: NumberList<Double>?

    @Option(help: "Folder of the curve and of all runs.")
    var output: String

    @Option(help: ArgumentHelp(SearchArguments.proposerHelp))
    var proposer: SearchOptions.ProposerKind?

    @OptionGroup(title: "Search") var search: SearchArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws { try search.validateNew() }

    func run() async throws {
        var settings = try search.options(model: model, rate: 0.5, compute: compute)
        if let proposer { settings.proposer = proposer }
        var options = FrontierOptions(settings, output: output)
        if let rates { options.rates = rates.values }
        let report = try await keepingRun {
            try await frontier(
                options, observer: TerminalObserver(onStop: "stopped; run the same command to go on"))
        }
        if json.json { return try printJSON(report) }
        print(report.table.plain(heading: Terminal.standardOutput.bold))
        print("\nThe curve, its figures and all runs are in \(output).")
    }
}
