import Foundation
import Testing

@testable import Search

@Suite struct SensitivityTableTests {
    private typealias Measurement = SensitivityTable.Measurement

    /// Errors that fall with the level, from 1 to 0.
    private func errors(_ levels: Int) -> [Double] { (0..<levels).map { pow(1 - Double($0) / Double(levels - 1), 3) } }

    private func measurements(_ space: SearchSpace, _ loss: (Int, Int) -> Double) -> [[Measurement]] {
        space.sublayers.enumerated().map { index, sublayer in
            SensitivityTable.levelsToMeasure(of: sublayer).map { Measurement(level: $0, loss: loss(index, $0)) }
        }
    }

    /// A power of the error is met at every level between the measured ones, whatever the power.
    @Test(arguments: [0.5, 1, 1.7]) func aPowerOfTheErrorIsExact(_ power: Double) throws {
        let space = try smolLM2(blocks: 3)
        let errors = space.sublayers.map { self.errors($0.parameters.count) }
        func loss(_ index: Int, _ level: Int) -> Double { Double(index + 1) * pow(errors[index][level], power) }
        let table = try SensitivityTable(measurements(space, loss), errors: errors, in: space)
        for (index, sublayer) in space.sublayers.enumerated() {
            let highest = try #require(table.measuredLevels[index].last)
            for level in sublayer.parameters.indices {
                let expected =
                    level <= highest
                    ? loss(index, level) : loss(index, highest) * errors[index][level] / errors[index][highest]
                #expect(abs(table.losses[index][level] - expected) <= 1e-9, "sublayer \(index), level \(level)")
            }
        }
    }

    @Test func whatWasMeasuredStands() throws {
        let space = try smolLM2(blocks: 2)
        // No power of anything, and sometimes below 0, as noise is.
        func loss(_ index: Int, _ level: Int) -> Double { sin(Double(31 * index + 7 * level)) }
        for errors in [nil, space.sublayers.map { self.errors($0.parameters.count) }] {
            let table = try SensitivityTable(measurements(space, loss), errors: errors, in: space)
            for (index, sublayer) in space.sublayers.enumerated() {
                for level in table.measuredLevels[index] { #expect(table.losses[index][level] == loss(index, level)) }
                #expect(table.losses[index][sublayer.fullLevel] == 0)
                #expect(table.losses[index].allSatisfy { $0.isFinite })
            }
        }
    }

    @Test func fewLevelsAreMeasuredOfMany() throws {
        let space = try smolLM2(blocks: 1)
        #expect(SensitivityTable.levelsToMeasure(of: space.sublayers[0]) == [0, 1, 2])
        #expect(SensitivityTable.levelsToMeasure(of: space.sublayers[1]) == [0, 12, 18])
        let nothing = SearchSpace.Sublayer(kind: .mlp, block: 0, units: [0], parameters: [5])
        #expect(SensitivityTable.levelsToMeasure(of: nothing).isEmpty)
    }

    @Test func whatIsNotFiniteIsAsBadAsTheWorst() throws {
        let space = try evenSpace(sublayers: 3, levels: 4)
        let losses = [0: Double.nan, 1: 2, 2: Double.infinity]
        let table = try SensitivityTable(
            (0..<3).map { [Measurement(level: 0, loss: losses[$0] ?? 0)] }, errors: nil, in: space)
        #expect(table.losses.map { $0[0] } == [2, 2, 2])
        // Half of the rate is a quarter of its square.
        #expect(abs(table.losses[1][2] - 0.5) < 1e-12)
    }

    @Test func measurementsThatDoNotFitAreRefused() throws {
        let space = try evenSpace(sublayers: 2, levels: 4)
        let none: [[Measurement]] = [[], []]
        #expect(throws: SearchError.self) { try SensitivityTable([[]], errors: nil, in: space) }
        #expect(throws: SearchError.self) { try SensitivityTable(none, errors: [[1, 0]], in: space) }
        #expect(throws: SearchError.self) { try SensitivityTable(none, errors: [[1, 0], [1, 0]], in: space) }
        for level in [-1, 5] {
            #expect(throws: SearchError.self) {
                try SensitivityTable([[], [Measurement(level: level, loss: 1)]], errors: nil, in: space)
            }
        }
        let table = try SensitivityTable(none, errors: nil, in: space)
        #expect(table.losses == [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    }
}
