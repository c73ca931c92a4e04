import COneDNNShim

/// The weights of a linear layer, [outputs, inputs], in the layout oneDNN multiplies fastest.
package final class PackedWeights: @unchecked Sendable {
    /// n, rows of the matrix as checkpoints store it.
    package let outputs: Int
    /// k, its columns.
    package let inputs: Int
    package let precision: Precision
    let descriptor: OpaquePointer
    let memory: AlignedBuffer

    package var byteCount: Int { memory.byteCount }

    /// - Parameter values: float32 [outputs, inputs], rows `stride` apart.
    /// - Throws: `KernelError` when oneDNN cannot lay them out.
    package init(
        _ values: UnsafePointer<Float>, outputs: Int, inputs: Int, stride: Int? = nil, precision: Precision,
        threads: Int = Threads.count
    ) throws(KernelError) {
        var created: OpaquePointer?
        try KernelError.check(
            onednn_weights_create(
                Int64(outputs), Int64(inputs), precision.oneDNNType, Int32(threads), &created),
            "laying out weights [\(outputs), \(inputs)]")
        self.outputs = outputs
        self.inputs = inputs
        self.precision = precision
        descriptor = created!
        memory = AlignedBuffer(byteCount: onednn_weights_size(created))
        try KernelError.check(
            onednn_weights_pack(descriptor, values, Int64(stride ?? inputs), memory.address),
            "packing weights [\(outputs), \(inputs)]")
    }

    deinit { onednn_weights_destroy(descriptor) }
}
