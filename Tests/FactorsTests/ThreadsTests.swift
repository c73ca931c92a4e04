import Kernels
import Testing

/// On three threads, which are the process's: in a process of its own.
struct ThreadsTests {
    @Test func ordersAndFactorsEqualTheirDefinitions() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            for example in GreedyOrderTests.cases {
                GreedyOrderTests().surgeonTakesTheLeastErrorEveryTime(example)
                GreedyOrderTests().forwardTakesTheLeastErrorEveryTime(example)
            }
            for example in HeadOrderTests.cases { HeadOrderTests().theSurgeonTakesTheLeastErrorEveryTime(example) }
            for example in NestedFactorTests.cases {
                try NestedFactorTests().everyLevelEqualsTheDirectSolution(example)
            }
        }
    }
}
