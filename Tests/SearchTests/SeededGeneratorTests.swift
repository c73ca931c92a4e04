import Testing

@testable import Search

@Suite struct SeededGeneratorTests {
    /// Rosetta Code, "Pseudo-random numbers/Splitmix64".
    @Test func splitMixEqualsThePublishedVector() {
        var generator = SplitMix64(state: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in generator.next() } == expected)
    }

    /// Output of the authors' xoshiro256starstar.c from the state 1, 2, 3, 4, as the crate rand_xoshiro tests it.
    @Test func xoshiroEqualsTheReferenceImplementation() {
        var generator = SeededGenerator(state: (1, 2, 3, 4))
        let expected: [UInt64] = [
            11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ]
        #expect(expected.map { _ in generator.next() } == expected)
    }

    @Test func streamsAreReproducibleAndDistinct() {
        var firsts: Set<UInt64> = []
        for seed in UInt64(0)..<20 {
            for stream in UInt64(0)..<50 {
                var generator = SeededGenerator(seed: seed, stream: stream)
                #expect(generator == SeededGenerator(seed: seed, stream: stream))
                firsts.insert(generator.next())
            }
        }
        #expect(firsts.count == 1000)
    }

    @Test(arguments: [1, 2, 3, 7, 10, 1000]) func integersAreUniform(bound: Int) {
        var generator = SeededGenerator(seed: 5)
        var counts = [Int](repeating: 0, count: bound)
        let draws = 200 * bound
        for _ in 0..<draws { counts[generator.uniform(below: bound)] += 1 }
        let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 200) * (Double($1) - 200) / 200 }
        // Mean bound − 1, variance 2 (bound − 1): five standard deviations.
        #expect(chiSquare <= Double(bound - 1) + 5 * (2 * Double(bound)).squareRoot())
    }

    @Test func realsLieInTheUnitInterval() {
        var generator = SeededGenerator(seed: 9)
        let draws = (0..<10_000).map { _ in generator.uniform01() }
        #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(draws.reduce(0, +) / 10_000 - 0.5) < 0.015)
    }
}
