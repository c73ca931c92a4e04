import Testing

@testable import Kernels

/// The number of threads is the process's: each test has a process of its own, where it is three. What the other tests of
/// this room compare on one thread holds there too.
struct ThreadsTests {
    @Test func everyIndexIsVisitedOnce() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            for count in [0, 1, 2, 3, 7, 1000] {
                let visits = AlignedBuffer(floats: count)
                let slots = AlignedBuffer(floats: count)
                Threads.forEach(count) { slot, index in
                    visits.floats[index] += 1
                    slots.floats[index] = Float(slot)
                }
                #expect(visits.array(count).allSatisfy { $0 == 1 })
                #expect(slots.array(count).allSatisfy { (0..<3).contains($0) })
                for grain in [1, 2, 400, 2000] {
                    let visits = AlignedBuffer(floats: count)
                    Threads.forEachChunk(count, grain: grain) { for index in $0 { visits.floats[index] += 1 } }
                    #expect(visits.array(count).allSatisfy { $0 == 1 }, "\(count) by \(grain)")
                }
            }
        }
    }

    @Test func attention() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            let tests = CausalAttentionTests()
            for precision in Precision.supported {
                for example in CausalAttentionTests.cases + CausalAttentionTests.fewQueryCases {
                    try tests.equalsDoubleReference(example, precision)
                }
                try tests.sequencesDoNotDisturbEachOther(precision)
                try tests.isReproducible(precision)
            }
        }
    }

    @Test func products() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            for precision in Precision.supported {
                for example in MatmulTests.cases {
                    try MatmulTests().packedProductsEqualDoubleReference(example, precision)
                }
                try MatmulTests().plainAndTransposedLayoutsEqualDoubleReference(precision)
                try OutputHeadTests().logitsEqualDoubleReference(precision)
                try OutputHeadTests().crossEntropyEqualsDoubleReference(precision)
            }
            try OutputHeadTests().topTokensAreTheLargestAndSorted()
            try OutputHeadTests().divergenceEqualsDoubleReference()
        }
    }

    @Test func linearAlgebra() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            try LinearAlgebraTests().gramCholeskyAndSolveAgreeWithTheirDefinitions()
            for order in [1, 2, 255, 256, 257, 530] { try SymmetricTests().factorsAreSolvedAndInverted(order) }
        }
    }

    @Test func rows() async {
        await #expect(processExitsWith: .success) {
            Threads.count = 3
            for precision in Precision.supported {
                for width in [48, 53, 576] { ElementwiseTests().normEqualsDoubleReference(width, precision) }
                for size in [8, 16, 64] { ElementwiseTests().rotaryTurnsPairsOfHalves(size, precision) }
            }
        }
    }
}
