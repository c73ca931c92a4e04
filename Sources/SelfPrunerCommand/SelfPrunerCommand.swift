import ArgumentParser

@main
struct SelfPrunerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selfpruner", abstract: "Make a large language model smaller.")
}
