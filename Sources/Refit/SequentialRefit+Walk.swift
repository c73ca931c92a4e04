import Compaction
import Kernels
import Models

extension SequentialRefit {
    /// The residual streams of both models between two sublayers, for all batches.
    final class Walk {
        private let settings: Settings
        private let dense: LlamaModel
        private var pruned: LlamaModel
        private let batches: [TokenBatch]
        private let workspace: Workspace
        private let width: Int
        /// float32 [rows, D] of each batch.
        private let denseStreams: [AlignedBuffer]
        private let prunedStreams: [AlignedBuffer]
        /// Inputs of a fit, float32 [rows, widest].
        private let inputs: AlignedBuffer
        /// Targets of a fit, float32 [rows, D].
        private let targets: AlignedBuffer
        private let weights: AlignedBuffer
        /// Whether the pruned model's stream differs from the dense one's by now.
        private(set) var hasParted = false

        /// Starts behind the embedding.
        /// - Throws: `ModelError`.
        init(_ dense: LlamaModel, _ batches: [TokenBatch], _ workspace: Workspace, _ settings: Settings) throws {
            self.settings = settings
            self.dense = dense
            pruned = dense
            self.batches = batches
            self.workspace = workspace
            width = dense.description.hiddenSize
            let size = dense.description.headSize
            let widest = max(
                width, dense.attention.map { $0.queryHeads * size }.max() ?? 0, dense.mlp.map(\.channels).max() ?? 0)
            inputs = AlignedBuffer(floats: workspace.rows * widest)
            targets = AlignedBuffer(floats: workspace.rows * width)
            weights = AlignedBuffer(floats: workspace.rows)
            let sizes = batches.map { workspace.residualByteCount(rows: $0.tokens.count) }
            denseStreams = sizes.map { AlignedBuffer(byteCount: $0) }
            prunedStreams = sizes.map { AlignedBuffer(byteCount: $0) }
            for (index, batch) in batches.enumerated() {
                try dense.begin(batch, in: workspace)
                workspace.saveResidual(rows: batch.tokens.count, to: denseStreams[index])
                workspace.saveResidual(rows: batch.tokens.count, to: prunedStreams[index])
            }
        }

        /// Takes both streams through a sublayer that both models have.
        /// - Throws: `KernelError`, `CancellationError`.
        func advanceTogether(_ sublayer: Int, _ isCancelled: () -> Bool) throws {
            for (index, batch) in batches.enumerated() {
                if isCancelled() { throw CancellationError() }
                let rows = batch.tokens.count
                workspace.loadResidual(rows: rows, from: denseStreams[index])
                try dense.run(sublayer..<sublayer + 1, batch, in: workspace)
                workspace.saveResidual(rows: rows, to: denseStreams[index])
                workspace.saveResidual(rows: rows, to: prunedStreams[index])
            }
        }

        /// Fits a sublayer and takes both streams through it.
        /// - Throws: `KernelError`, `CancellationError`.
        func fit(
            _ sublayer: inout some RefitSublayer, _ number: Int, _ isCancelled: () -> Bool
        ) throws -> RefitStep {
            let block = number / 2
            var step = RefitStep(sublayer: number)
            if settings.fitsInputs, hasParted, sublayer.outputInputs > 0 {
                let fit = try alignment(isCancelled)
                step.inputRidge = fit.ridge
                if fit.ridge != nil { sublayer.align(by: fit.weights) }
            }
            try sublayer.install(in: &pruned, block: block)
            let fit = try output(sublayer, number, isCancelled)
            sublayer.outputProjection = fit.weights
            sublayer.constant = fit.bias
            (step.ridge, step.before, step.after) = (fit.ridge, fit.heldOutError?.before, fit.heldOutError?.after)
            try sublayer.install(in: &pruned, block: block)
            for (index, batch) in batches.enumerated() {
                if isCancelled() { throw CancellationError() }
                workspace.loadResidual(rows: batch.tokens.count, from: prunedStreams[index])
                try pruned.run(number..<number + 1, batch, in: workspace)
                workspace.saveResidual(rows: batch.tokens.count, to: prunedStreams[index])
            }
            hasParted = true
            return step
        }

        /// The regression of the dense model's normed stream on the pruned one's.
        private func alignment(_ isCancelled: () -> Bool) throws -> RidgeFit {
            let (fitted, heldOut) = moments(inputs: width)
            for (index, batch) in batches.enumerated() {
                if isCancelled() { throw CancellationError() }
                let rows = batch.tokens.count
                normalize(prunedStreams[index], rows, into: inputs)
                normalize(denseStreams[index], rows, into: targets)
                (isHeldOut(index) ? heldOut : fitted).add(inputs.floats, targets.floats, rows: rows, weights: nil)
            }
            var identity = [Float](repeating: 0, count: width * width)
            for row in 0..<width { identity[row * width + row] = 1 }
            return try RidgeFit(
                from: identity, fitted: fitted, heldOut: heldOut, ridges: settings.ridges, hasBias: false)
        }

        /// The fit of the output projection. Leaves the dense streams behind the sublayer.
        private func output(
            _ sublayer: some RefitSublayer, _ number: Int, _ isCancelled: () -> Bool
        ) throws -> RidgeFit {
            let count = sublayer.outputInputs
            let (fitted, heldOut) = moments(inputs: count)
            for (index, batch) in batches.enumerated() {
                if isCancelled() { throw CancellationError() }
                let rows = batch.tokens.count
                if count > 0 {
                    workspace.loadResidual(rows: rows, from: prunedStreams[index])
                    try pruned.run(number..<number + 1, batch, in: workspace) { $0.copy(to: self.inputs.floats) }
                }
                workspace.loadResidual(rows: rows, from: denseStreams[index])
                try dense.run(number..<number + 1, batch, in: workspace)
                RootMeanSquareNorm.inverseMeanSquares(
                    workspace.stream, rows: rows, width: width, epsilon: dense.description.normEpsilon,
                    into: weights.floats)
                for sequence in batch.sequences {
                    weights.floats[sequence.lowerBound] *= settings.firstTokenWeight
                }
                let origin = settings.target == .residual ? prunedStreams[index] : denseStreams[index]
                let (stream, target) = (workspace.stream, targets.floats)
                for element in 0..<rows * width { target[element] = stream[element] - origin.floats[element] }
                workspace.saveResidual(rows: rows, to: denseStreams[index])
                (isHeldOut(index) ? heldOut : fitted).add(
                    inputs.floats, target, rows: rows, weights: weights.floats)
            }
            return try RidgeFit(
                from: sublayer.outputProjection, fitted: fitted, heldOut: heldOut, ridges: settings.ridges,
                hasBias: true)
        }

        private func moments(inputs: Int) -> (fitted: RegressionMoments, heldOut: RegressionMoments) {
            (RegressionMoments(inputs: inputs, outputs: width), RegressionMoments(inputs: inputs, outputs: width))
        }

        private func isHeldOut(_ batch: Int) -> Bool {
            batch % settings.heldOutStride == settings.heldOutStride - 1
        }

        private func normalize(_ stream: AlignedBuffer, _ rows: Int, into target: AlignedBuffer) {
            RootMeanSquareNorm.apply(
                stream.floats, rows: rows, width: width, epsilon: dense.description.normEpsilon, into: target.address,
                as: .float32)
        }
    }
}
