import ArgumentParser
import Foundation
import Reporting
import SelfPruner

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare proposers at equal budgets and seeds.",
        discussion: """
            Runs a search for every proposer and seed and measures the best candidate of each on the evaluation text. \
            The output folder gets comparison.md, comparison.json, curves.csv and curves.svg, and the run of every \
            search; the same command goes on with what is missing.

            Example:
              selfpruner compare model.gguf --rate 0.3 --seeds 3 --output comparison \\
                --proposers self,evolution,adaptive,uniform,random
            """)

    @Argument(help: "A GGUF file or a Hugging Face folder.")
    var model: String

    @Option(help: "Fraction of the decoder blocks' parameters to remove, between 0 and 1.")
    var rate: Double

    @Option(
        help: ArgumentHelp(
            """
            Proposers with commas between them: \
            \(SearchOptions.ProposerKind.allCases.map(\.rawValue).joined(separator: ", ")).
            """, valueName: "name,…"))
    var proposers = NameList<SearchOptions.ProposerKind>([.self, .evolution, .adaptive, .uniform, .random])

    @Option(help: "Searches of each proposer, with seeds 0, 1 and so on.")
    var seeds = 3

    @Option(help: "Folder of the results and of all runs.")
    var output: String

    @OptionGroup(title: "Search") var search: SearchArguments
    @OptionGroup var compute: ComputeArguments
    @OptionGroup var json: JSONFlag

    func validate() throws {
        if search.seed != nil {
            throw ValidationError("--seed is for one search; compare takes --seeds, their number.")
        }
        try search.validateNew()
    }

    func run() async throws {
        var options = CompareOptions(
            try search.options(model: model, rate: rate, compute: compute), proposers: proposers.values,
            output: output)
        options.seeds = seeds
        let report = try await keepingRun {
            try await compare(
                options, observer: TerminalObserver(onStop: "stopped; run the same command to go on"))
        }
        if json.json { return try printJSON(report) }
        print(report.table.plain(heading: Terminal.standardOutput.bold))
        print("")
        print(report.operatorTable.plain(heading: Terminal.standardOutput.bold))
        print("\nTables, curves and runs are in \(output).")
    }
}

/// Names with commas between them.
struct NameList<Name: RawRepresentable<String> & Sendable>: ExpressibleByArgument {
    var values: [Name]

    init(_ values: [Name]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Name(rawValue: String($0)) }
        guard values.count == parts.count else { return nil }
    }

    var defaultValueDescription: String { values.map(\.rawValue).joined(separator: ",") }
}
