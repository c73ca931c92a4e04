import Kernels
import Testing

@testable import Models

/// On three threads, which are the process's: in a process of its own.
struct ThreadsTests {
    @Test func logitsEqualTransformers() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            for fixture in Fixture.all {
                for precision in Precision.supported {
                    try LlamaModelTests().logitsEqualTransformers(fixture, precision)
                    try LlamaModelTests().sequencesAreIndependent(fixture, precision)
                }
                try LlamaModelTests().greedyContinuationEqualsTransformers(fixture)
                try BranchTests().branchesEqualWholeSequences(fixture)
                try BatchGeneratorTests().sequencesInLockStepEqualSingleOnes(fixture)
            }
        }
    }
}
