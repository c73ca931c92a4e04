import Checkpoints
import Compaction
import Search
import Testing

extension Prepared {
    /// Units and columns that are zero compute the same as units and columns that are gone.
    /// - Parameter distinct: what candidates differ by from the dense model at least; they are not all it in disguise.
    func expectCompactedEqualsMasked(_ candidates: [Candidate], distinct: Float) throws {
        let dense = try logits(model)
        for candidate in candidates {
            let blocks = try blocks(candidate)
            let compacted = try logits(model(plan.compact(blocks)))
            let masked = try logits(maskedModel(blocks))
            let difference = largestDifference(compacted, masked)
            #expect(difference < 3e-5, "\(blocks): \(difference)")
            if candidate != space.full { #expect(largestDifference(compacted, dense) > distinct) }
        }
    }

    /// The space, the description and the arrays count the same parameters.
    func expectParametersOfSpaceAndArrays(_ candidates: [Candidate]) throws {
        for candidate in candidates {
            let blocks = plan.compact(try blocks(candidate))
            let expected = try space.parameters(of: candidate)
            #expect(blocks.description.decoderParameters == expected)
            var stored = 0
            for role in Weight.Role.allCases where ![.tokenEmbedding, .finalNorm, .head].contains(role) {
                for block in blocks.description.blocks.indices {
                    let weight = Weight(role, block: block)
                    let shape = blocks.description.weightShape(weight)
                    #expect(blocks.values(weight)?.count == shape?.count, "\(role) of block \(block)")
                    stored += blocks.values(weight)?.count ?? 0
                }
            }
            #expect(stored == expected)
            #expect(throws: Never.self) { try blocks.description.validated(file: "candidate") }
        }
    }
}
