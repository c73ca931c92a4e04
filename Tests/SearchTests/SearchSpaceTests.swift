import Testing

@testable import Search

@Suite struct SearchSpaceTests {
    @Test func countsSmolLM2() throws {
        let space = try smolLM2()
        #expect(space.fullParameters == 30 * (884_736 + 2_654_208))
        #expect(space.sublayers.count == 60)
        #expect(space.sublayers[1].fullLevel == 24)
        #expect(try space.parameters(of: space.full) == space.fullParameters)
        #expect(try space.units(of: space.full).prefix(2) == [3, 1536])
    }

    @Test(arguments: [(1536, 64), (14336, 448), (11008, 352), (96, 32), (20, 32), (0, 32)])
    func defaultStepIsAMultipleOf32(channels: Int, step: Int) {
        #expect(SearchSpace.defaultChannelStep(channels: channels) == step)
    }

    /// Widths of known models, for K-quants (blocks of 256 values) and for formats that take any width.
    @Test(arguments: [(1536, 256, 256), (11008, 256, 256), (14336, 256, 512), (1536, 1, 48), (20, 1, 1)])
    func alignedSteps(channels: Int, alignment: Int, step: Int) {
        #expect(SearchSpace.defaultChannelStep(channels: channels, alignment: alignment) == step)
        let levels = SearchSpace.channelLevels(channels: channels, step: step)
        #expect(levels.dropLast().allSatisfy { $0.isMultiple(of: alignment) } && levels.last == channels)
    }

    @Test func lastStepMayBeShorter() {
        #expect(SearchSpace.channelLevels(channels: 100, step: 32) == [0, 32, 64, 96, 100])
        #expect(SearchSpace.channelLevels(channels: 64, step: 32) == [0, 32, 64])
        #expect(SearchSpace.channelLevels(channels: 20, step: 32) == [0, 20])
    }

    @Test func badTablesAreRefused() throws {
        func space(_ units: [Int], _ parameters: [Int], minimum: Int = 0) throws {
            _ = try SearchSpace(sublayers: [
                .init(kind: .mlp, block: 0, units: units, parameters: parameters, minimumLevel: minimum)
            ])
        }
        try space([0, 1], [0, 5])
        for (units, parameters, minimum) in [
            ([0, 1], [0, 0], 0), ([0], [0, 1], 0), ([], [], 0), ([0, 1], [-1, 4], 0), ([1, 0], [0, 5], 0),
            ([0, 1], [0, 5], 2), ([0, 1], [0, 5], -1), ([0, 1], [0, Int.max], 0),
        ] {
            #expect { try space(units, parameters, minimum: minimum) } throws: {
                ($0 as? SearchError)?.code == .badSpace
            }
        }
        #expect(throws: SearchError.self) { try SearchSpace(sublayers: []) }
    }

    /// Groups with some of their query heads: only parameters have to increase.
    @Test func levelsMayHaveFewerUnitsAndMoreHeads() throws {
        func space(_ units: [Int], _ heads: [Int], _ parameters: [Int]) throws -> SearchSpace {
            try SearchSpace(sublayers: [
                .init(kind: .attention, block: 0, units: units, heads: heads, parameters: parameters)
            ])
        }
        let made = try space([0, 1, 1, 2, 1, 2], [0, 1, 2, 1, 3, 3], [0, 4, 6, 8, 9, 16])
        #expect(made.sublayers[0].fullLevel == 5)
        #expect(try made.repair([5], to: Budget(maximumParameters: 8)).levels == [3])
        for (units, heads, parameters) in [
            ([0, 1], [0], [0, 5]), ([0, 1], [0, -1], [0, 5]), ([0, -1], [0, 1], [0, 5]), ([0, 1], [0, 1], [5, 5]),
            ([0, 1], [0, 1, 2], [0, 5]),
        ] {
            #expect { _ = try space(units, heads, parameters) } throws: { ($0 as? SearchError)?.code == .badSpace }
        }
    }

    @Test func badCandidatesAreRefused() throws {
        let space = try evenSpace(sublayers: 2, levels: 3)
        for levels in [[1], [1, 2, 3], [0, 4], [-1, 0]] {
            #expect { try space.parameters(of: Candidate(levels: levels)) } throws: {
                ($0 as? SearchError)?.code == .badCandidate
            }
        }
    }

    @Test func ratesThatAreIntegersButForRoundingAreExact() throws {
        let space = try evenSpace(sublayers: 1, levels: 100)
        for percent in 0...100 {
            #expect(try Budget(rate: Double(percent) / 100, of: space).maximumParameters == 100 - percent)
        }
        #expect(try Budget(rate: 0.301, of: space).maximumParameters == 69)
    }

    @Test func impossibleRatesAreRefused() throws {
        let space = try smolLM2(minimumLevel: 1)
        for rate in [-0.1, 1.1, .nan, .infinity, 0.99] {
            #expect { try Budget(rate: rate, of: space) } throws: { ($0 as? SearchError)?.code == .badBudget }
        }
    }

    @Test func aLayerHasOneRate() throws {
        let space = try smolLM2(granularity: .layer)
        #expect(space.genes.count == 30)
        let gene = space.genes[0]
        #expect(gene.options.count == 25)
        #expect(gene.options.first == [0, 0])
        #expect(gene.options.last == [3, 24])
        for (step, levels) in gene.options.enumerated() {
            let kept = Double(step) / 24
            // Nearest group, and the block's share within half an MLP step.
            #expect(abs(Double(levels[0]) / 3 - kept) <= 1 / 6.0 + 1e-12)
            #expect(abs(Double(gene.parameters[step]) - kept * 3_538_944) <= 110_592 / 2)
        }
    }

    @Test func aLayerHonoursMinimumLevels() throws {
        let space = try smolLM2(granularity: .layer, minimumLevel: 1)
        #expect(space.genes.allSatisfy { $0.options.allSatisfy { $0.allSatisfy { $0 >= 1 } } })
        #expect(space.minimumParameters == 30 * (294_912 + 110_592))
    }

    @Test func aBlockWithoutAttentionOrMLPIsAGeneToo() throws {
        let space = try SearchSpace(
            sublayers: [
                .init(kind: .mlp, block: 0, units: [0, 1, 2], parameters: [0, 10, 20]),
                .init(kind: .attention, block: 1, units: [0, 1, 2, 3], parameters: [0, 5, 10, 15]),
                .init(kind: .mlp, block: 2, units: [7], parameters: [9]),
            ], granularity: .layer)
        #expect(space.genes.map(\.options) == [[[0], [1], [2]], [[0], [1], [2], [3]], [[0]]])
    }

    /// A sublayer that can only stay or go, between rates that allow neither: it stays.
    @Test func boundsThatNoLevelReachesKeepASublayer() throws {
        let space = try SearchSpace(
            sublayers: [
                .init(kind: .attention, block: 0, units: [0, 1], parameters: [0, 100]),
                .init(kind: .mlp, block: 0, units: [0, 1, 2, 3], parameters: [0, 5, 50, 100]),
            ],
            rates: 0.1...0.9)
        #expect(space.genes[0].options == [[1]])
        #expect(space.genes[1].options == [[2]])
        let low = try SearchSpace(
            sublayers: [.init(kind: .mlp, block: 0, units: [0, 1], parameters: [0, 100])], rates: 0.8...0.9)
        #expect(low.genes[0].options == [[0]])
    }
}
