import Kernels
import Models

/// A sublayer's weights as the refit sees them.
protocol RefitSublayer {
    var hiddenSize: Int { get }
    /// Of the norm in front of it, [D].
    var norm: [Float] { get set }
    /// Inputs of the output projection.
    var outputInputs: Int { get }
    /// [D, outputInputs] and [D].
    var outputProjection: [Float] { get set }
    var constant: [Float]? { get set }
    /// Calls `body` with each projection that reads the normed stream, [rows, D].
    mutating func forEachInputProjection(_ body: (inout [Float]) -> Void)
    /// Puts it into a model.
    func install(in model: inout LlamaModel, block: Int) throws(KernelError)
}

extension AttentionWeights: RefitSublayer {
    var outputInputs: Int { queryWidth }
    var outputProjection: [Float] {
        get { output }
        set { output = newValue }
    }
    var constant: [Float]? {
        get { outputBias }
        set { outputBias = newValue }
    }

    mutating func forEachInputProjection(_ body: (inout [Float]) -> Void) {
        body(&query)
        body(&key)
        body(&value)
    }

    func install(in model: inout LlamaModel, block: Int) throws(KernelError) {
        model.attention[block] = try AttentionSublayer(self, precision: model.precision)
    }
}

extension MLPWeights: RefitSublayer {
    var outputInputs: Int { channels }
    var outputProjection: [Float] {
        get { down }
        set { down = newValue }
    }
    var constant: [Float]? {
        get { downBias }
        set { downBias = newValue }
    }

    mutating func forEachInputProjection(_ body: (inout [Float]) -> Void) {
        body(&gate)
        body(&up)
    }

    func install(in model: inout LlamaModel, block: Int) throws(KernelError) {
        model.mlp[block] = try MLPSublayer(self, precision: model.precision)
    }
}

extension RefitSublayer {
    /// Reads A·n′ where it read n′: W·diag(g)·A for every projection, the norm's weight g taken out again.
    /// - Parameter alignment: A, row-major [D, D].
    mutating func align(by alignment: [Float]) {
        let width = hiddenSize
        let norm = norm
        // A weight too small to divide by becomes one; what it scaled is then in the projections.
        let largest = norm.reduce(0) { max($0, abs($1)) }
        let kept = norm.map { abs($0) > 1e-3 * largest ? $0 : 1 }
        let columns = AlignedBuffer(floats: width * width)
        for row in 0..<width {
            for column in 0..<width {
                columns.floats[row * width + column] = norm[row] * alignment[row * width + column] / kept[column]
            }
        }
        forEachInputProjection { projection in
            let rows = projection.count / width
            let source = AlignedBuffer(projection)
            projection.withUnsafeMutableBufferPointer { projection in
                guard let target = projection.baseAddress else { return }
                LinearAlgebra.multiply(
                    MatrixView(source.floats, stride: width), MatrixView(columns.floats, stride: width), rows: rows,
                    inner: width, columns: width, into: target, stride: width)
            }
        }
        self.norm = kept
    }
}
