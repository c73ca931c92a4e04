import ArgumentParser
import Foundation
import Reporting
import SelfPruner

/// How models run on this machine.
struct ComputeArguments: ParsableArguments {
    @Option(help: "Arithmetic: auto (bfloat16 where the CPU has it natively), float32 or bfloat16.")
    var precision = ComputeOptions.Precision.auto

    @Option(help: "Threads; one per core by default.")
    var threads: Int?

    var options: ComputeOptions { ComputeOptions(precision: precision, threads: threads) }
}

/// Refuses options that mean nothing without another one.
/// - Parameter given: names, and whether they were given.
/// - Throws: `ValidationError`.
func requireNone(of given: [(name: String, isGiven: Bool)], without needed: String) throws {
    if let option = given.first(where: \.isGiven) { throw ValidationError("\(option.name) needs \(needed).") }
}

struct JSONFlag: ParsableArguments {
    @Flag(help: "Print JSON with stable keys (Documentation/JSON.md) and nothing else.")
    var json = false
}

/// After Ctrl-C, what was searched is there.
func keepingRun<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch is CancellationError {
        Terminal.writeToStandardError("Stopped; what was searched so far is kept.\n")
        throw ExitCode(130)
    }
}

func printJSON(_ value: some Encodable) throws {
    try writeToStandardOutput(JSONOutput.encode(value))
}

/// Written at once: results may be piped.
/// - Throws: `SelfPrunerError.outputNotWritable`, for example when the disk is full.
func writeToStandardOutput(_ bytes: Data) throws {
    do {
        try FileHandle.standardOutput.write(contentsOf: bytes)
    } catch {
        throw SelfPrunerError(.outputNotWritable, "Standard output cannot be written: \(reason(of: error))")
    }
}

/// - Throws: `SelfPrunerError.textNotFound`, for example when it is a folder.
func readStandardInput() throws -> [UInt8] {
    do {
        return try [UInt8](FileHandle.standardInput.readToEnd() ?? Data())
    } catch {
        throw SelfPrunerError(.textNotFound, "Standard input cannot be read: \(reason(of: error))")
    }
}
