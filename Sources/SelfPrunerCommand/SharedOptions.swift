import ArgumentParser
import Foundation
import SelfPruner

/// How models run on this machine.
struct ComputeArguments: ParsableArguments {
    @Option(help: "Arithmetic: auto (bfloat16 where the CPU has it natively), float32 or bfloat16.")
    var precision = ComputeOptions.Precision.auto

    @Option(help: "Threads; one per core by default.")
    var threads: Int?

    var options: ComputeOptions { ComputeOptions(precision: precision, threads: threads) }
}

struct JSONFlag: ParsableArguments {
    @Flag(help: "Print JSON with stable keys (Documentation/JSON.md) and nothing else.")
    var json = false
}

extension ComputeOptions.Precision: ExpressibleByArgument {}
extension TextJoiner: ExpressibleByArgument {}
extension PruneOptions.Method: ExpressibleByArgument {}
extension PruneOptions.Allocation: ExpressibleByArgument {}
extension PruneOptions.Fitness: ExpressibleByArgument {}
extension PruneOptions.Granularity: ExpressibleByArgument {}
extension PruneOptions.ElementType: ExpressibleByArgument {}

/// Standard output, written at once: results may be piped.
func printJSON(_ value: some Encodable) throws {
    try FileHandle.standardOutput.write(contentsOf: JSONOutput.encode(value))
}
