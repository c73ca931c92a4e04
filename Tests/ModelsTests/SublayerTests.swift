import Kernels
import Models
import Testing

struct SublayerTests {
    private func output(_ workspace: Workspace, _ batch: TokenBatch, _ model: LlamaModel) -> [UInt8] {
        let count = batch.tokens.count * model.description.hiddenSize * model.precision.byteCount
        return Array(UnsafeRawBufferPointer(start: workspace.output, count: count))
    }

    /// Interrupted anywhere, with another pass in between: the same bits.
    @Test(arguments: Fixture.all, Precision.supported)
    func piecesAreTheForwardPass(_ fixture: Fixture, _ precision: Precision) throws {
        let model = try fixture.model(precision)
        let sequences = try fixture.reference().sequences
        let (batch, other) = (TokenBatch(sequences), TokenBatch([Array(sequences[0].reversed())]))
        let workspace = Workspace(model, rows: batch.tokens.count + 2)
        let rows = batch.tokens.count
        try model.forward(batch, in: workspace)
        let expected = output(workspace, batch, model)
        let buffer = AlignedBuffer(byteCount: workspace.residualByteCount(rows: rows))
        #expect(buffer.byteCount == rows * model.description.hiddenSize * 4)
        for cut in 0...model.sublayerCount {
            try model.begin(batch, in: workspace)
            try model.run(0..<cut, batch, in: workspace)
            workspace.saveResidual(rows: rows, to: buffer)
            try model.forward(other, in: workspace)
            workspace.loadResidual(rows: rows, from: buffer)
            try model.run(cut..<model.sublayerCount, batch, in: workspace)
            model.finish(batch, in: workspace)
            #expect(output(workspace, batch, model) == expected, "cut at \(cut)")
        }
    }

    @Test func badTokensAndLengthsAreErrors() throws {
        let model = try Fixture.all[0].model(.float32)
        let workspace = Workspace(model, rows: 128)
        for tokens in [[1, -1], [1, 96], [], [Int32](repeating: 1, count: 65)] {
            #expect(throws: ModelError.self) { try model.begin(TokenBatch([tokens]), in: workspace) }
        }
    }
}
