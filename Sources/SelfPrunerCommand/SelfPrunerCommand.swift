import ArgumentParser
import Foundation
import Logging
import Reporting
import SelfPruner

@main
struct SelfPrunerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selfpruner",
        abstract: "Make a large language model smaller, and see what that costs.",
        discussion: """
            MODEL is a GGUF file or a Hugging Face folder of a LLaMA-family model. Pruning removes key/value groups, \
            query heads and MLP channels and writes a smaller, dense model; nothing is retrained.

            A first look:
              selfpruner inspect model.gguf
              selfpruner evaluate model.gguf --text book.txt
              selfpruner prune model.gguf --rate 0.3 --output smaller
              selfpruner generate smaller --prompt "Once upon a time"
            """,
        version: selfPrunerVersion,
        subcommands: [
            InspectCommand.self, TokenizeCommand.self, EvaluateCommand.self, GenerateCommand.self, PruneCommand.self,
            SearchCommand.self,
            CompareCommand.self, CompareModelsCommand.self, AnalyzeCommand.self, FrontierCommand.self,
            BenchCommand.self,
            ExportCommand.self, FetchCommand.self, LogitsCommand.self, BenchRunCommand.self,
        ])

    /// Errors are one sentence on standard error and exit code 1; usage errors keep ArgumentParser's form and code.
    static func main() async {
        WaitPolicy.apply()
        // Diagnostics for a bug report: SELFPRUNER_LOG=debug.
        let level = ProcessInfo.processInfo.environment["SELFPRUNER_LOG"].flatMap(Logger.Level.init(rawValue:))
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level ?? .warning
            return handler
        }
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch is CancellationError {
            Terminal.writeToStandardError("Stopped; no output was written.\n")
            leave(130)
        } catch let error where isOwn(error) {
            Terminal.writeToStandardError("selfpruner: \(error)\n")
            leave(1)
        } catch let code as ExitCode {
            leave(code.rawValue)
        } catch {
            exit(withError: error)
        }
    }

    /// Ends the program without what libraries do at its end: threads whose requests were given up may still be in one.
    private static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }

    /// The project's errors describe themselves; ArgumentParser knows its own best.
    private static func isOwn(_ error: any Error) -> Bool {
        exitCode(for: error) == .failure && !(error is ExitCode) && !(error is ValidationError)
            && !(error is CleanExit)
    }
}
