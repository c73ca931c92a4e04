// swift-tools-version: 6.2
import PackageDescription

// One target per room; dependencies point one way (Documentation/Architecture.md).
// oneDNN, OpenBLAS and ggml are found by pkg-config; `make build` runs Scripts/setup first, which
// installs or fetches them and tells pkg-config where they are.
enum PromptFile {
    static let all = [
        "self-prefix", "self-generate", "self-select", "self-crossover", "self-mutate", "chat-system",
        "chat-generate", "chat-select", "chat-crossover", "chat-mutate",
    ]
}

// One task each; Sources/Tasks/TaskDeclaration.swift says what is in them.
enum TaskFile {
    static let all = ["boolq", "piqa", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa"]
}

let package = Package(
    name: "self-pruner",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SelfPruner", targets: ["SelfPruner"]),
        .executable(name: "selfpruner", targets: ["SelfPrunerCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    ],
    targets: [
        // C libraries and the thin shims over them.
        .systemLibrary(
            name: "COneDNN", pkgConfig: "dnnl",
            providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-openmp-dev"]), .brew(["openblas"])]),
        .systemLibrary(name: "CGGML", pkgConfig: "ggml", providers: [.brew(["ggml"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "COneDNNShim", dependencies: ["COneDNN", "CThreading"]),
        .target(name: "CThreading"),
        .target(name: "CVectors"),

        // Rooms, in the order the data flows.
        .target(name: "Checkpoints", dependencies: ["CGGML"]),
        .target(name: "Tokenization", dependencies: ["Checkpoints"]),
        .target(
            name: "Kernels",
            dependencies: [
                "COneDNNShim", "COpenBLAS", "CThreading", "CVectors",
                .product(name: "RealModule", package: "swift-numerics"),
            ]),
        .target(
            name: "Models",
            dependencies: [
                "Checkpoints", "Kernels", .product(name: "RealModule", package: "swift-numerics"),
            ]),
        .target(
            name: "Evaluation",
            dependencies: ["Models", .product(name: "RealModule", package: "swift-numerics")]),
        .target(
            name: "Tasks", dependencies: ["Models", "Tokenization"],
            resources: TaskFile.all.map { .embedInCode("Declarations/\($0).json") }),
        .target(name: "Gradients", dependencies: ["Models"]),
        .target(name: "Calibration", dependencies: ["Evaluation", "Models"]),
        .target(name: "Factors", dependencies: ["Calibration", "Gradients"]),
        .target(name: "Search"),
        .target(name: "Compaction", dependencies: ["Factors", "Search"]),
        .target(name: "Refit", dependencies: ["Compaction"]),
        .target(name: "Transfer", dependencies: ["CCurl"]),
        .target(name: "ChatClient", dependencies: ["Transfer"]),
        .target(
            name: "Hub", dependencies: ["Transfer"],
            // Scripts/make-task-data reads it too.
            resources: [.embedInCode("task-data.json")]),
        .target(
            name: "Proposers", dependencies: ["Search", "Models", "Tokenization", "ChatClient"],
            // In the program itself, so that it needs no folder beside it.
            resources: PromptFile.all.map { .embedInCode("Prompts/\($0).txt") }),
        .target(name: "Journals"),
        .target(
            name: "Export", dependencies: ["Checkpoints", "Tokenization", "CGGML"],
            resources: [.embedInCode("HuggingFace/Templates/modeling_selfpruner_llama.py")]),
        .target(name: "Reporting"),
        .target(
            name: "SelfPruner",
            dependencies: [
                "Tokenization", "Evaluation", "Tasks", "Compaction", "Refit", "Proposers", "Journals", "Export", "Hub",
                "Reporting",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "SelfPrunerCommand",
            dependencies: [
                "SelfPruner",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),

        .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints"], exclude: ["Fixtures"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization"], exclude: ["Fixtures"]),
        .testTarget(
            name: "KernelsTests", dependencies: ["Kernels", .product(name: "RealModule", package: "swift-numerics")]),
        .testTarget(name: "ModelsTests", dependencies: ["Models"], exclude: ["Fixtures"]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"]),
        .testTarget(name: "TasksTests", dependencies: ["Tasks", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(name: "GradientsTests", dependencies: ["Gradients"], exclude: ["Fixtures"]),
        .testTarget(name: "CalibrationTests", dependencies: ["Calibration"]),
        .testTarget(name: "FactorsTests", dependencies: ["Factors"]),
        .testTarget(name: "SearchTests", dependencies: ["Search"]),
        .testTarget(name: "CompactionTests", dependencies: ["Compaction"]),
        .testTarget(name: "RefitTests", dependencies: ["Refit"]),
        .testTarget(name: "TransferTests", dependencies: ["Transfer", "TestSupport"]),
        .testTarget(name: "ChatClientTests", dependencies: ["ChatClient", "TestSupport"]),
        .testTarget(name: "HubTests", dependencies: ["Hub", "TestSupport"]),
        .testTarget(name: "ProposersTests", dependencies: ["Proposers", "TestSupport"]),
        .testTarget(name: "JournalsTests", dependencies: ["Journals"]),
        .testTarget(name: "ExportTests", dependencies: ["Export"]),
        .testTarget(name: "ReportingTests", dependencies: ["Reporting"]),
        .target(name: "TestSupport", dependencies: ["Transfer"], path: "Tests/TestSupport", exclude: ["TLS"]),
        .testTarget(name: "SelfPrunerTests", dependencies: ["SelfPruner", "Kernels", "TestSupport"]),
        .testTarget(name: "SelfPrunerCommandTests", dependencies: ["SelfPrunerCommand", "TestSupport"]),
    ]
)
