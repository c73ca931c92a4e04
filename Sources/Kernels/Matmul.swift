import COneDNNShim

/// What happens to a product before it is stored.
package enum Epilogue: Sendable, Hashable {
    case store
    /// destination += product
    case accumulate
    /// x·sigmoid(x)
    case swish
    /// product ∘ operand
    case multiply

    var oneDNN: onednn_epilogue {
        switch self {
        case .store: onednn_store
        case .accumulate: onednn_accumulate
        case .swish: onednn_swish
        case .multiply: onednn_multiply
        }
    }
}

/// The shape of a product destination[m, n] = source[m, k] · weights, all that oneDNN specialises code for.
package struct ProductShape: Sendable, Hashable {
    package enum Layout: Sendable, Hashable { case packed, plain, transposed }

    package var m: Int
    package var n: Int
    package var k: Int
    /// Row strides, in elements.
    package var sourceStride: Int
    package var weightsStride = 0
    package var destinationStride: Int
    package var source: Precision
    package var destination: Precision
    package var layout = Layout.packed
    package var epilogue = Epilogue.store
    package var hasBias = false
    package var threads: Int

    package init(
        m: Int, n: Int, k: Int, sourceStride: Int, weightsStride: Int = 0, destinationStride: Int, source: Precision,
        destination: Precision, layout: Layout = .packed, epilogue: Epilogue = .store, hasBias: Bool = false,
        threads: Int
    ) {
        self.m = m
        self.n = n
        self.k = k
        self.sourceStride = sourceStride
        self.weightsStride = weightsStride
        self.destinationStride = destinationStride
        self.source = source
        self.destination = destination
        self.layout = layout
        self.epilogue = epilogue
        self.hasBias = hasBias
        self.threads = threads
    }
}

/// A product of one shape. An instance is used by one thread at a time.
package final class Matmul {
    private let handle: OpaquePointer
    package let implementation: String

    package init(_ shape: ProductShape, weights: PackedWeights? = nil) throws(KernelError) {
        var product = onednn_product()
        product.m = Int64(shape.m)
        product.n = Int64(shape.n)
        product.k = Int64(shape.k)
        product.source_stride = Int64(shape.sourceStride)
        product.weights_stride = Int64(shape.weightsStride)
        product.destination_stride = Int64(shape.destinationStride)
        product.source_type = shape.source.oneDNNType
        product.destination_type = shape.destination.oneDNNType
        switch shape.layout {
        case .packed: product.layout = onednn_packed
        case .plain: product.layout = onednn_plain
        case .transposed: product.layout = onednn_transposed
        }
        product.epilogue = shape.epilogue.oneDNN
        product.has_bias = shape.hasBias ? 1 : 0
        product.threads = Int32(shape.threads)
        var created: OpaquePointer?
        try KernelError.check(
            onednn_matmul_create(&product, weights?.descriptor, &created),
            "preparing a product \(shape.m)×\(shape.k)×\(shape.n)")
        handle = created!
        implementation = String(cString: onednn_matmul_implementation(created))
    }

    deinit { onednn_matmul_destroy(handle) }

    package func run(
        _ source: UnsafeRawPointer, _ weights: UnsafeRawPointer, into destination: UnsafeMutableRawPointer,
        bias: UnsafePointer<Float>? = nil, operand: UnsafeRawPointer? = nil
    ) {
        let status = onednn_matmul_execute(handle, source, weights, bias, operand, destination)
        precondition(status == 0, "oneDNN status \(status)")
    }
}

/// The products of one thread of control, made on first use and kept.
///
/// Packed weights of one shape share a layout, so a product made for one serves all.
package final class MatmulCache {
    private var products: [ProductShape: Matmul] = [:]

    /// Sequences of any length make products of as many shapes; oneDNN compiles code for each.
    private static let limit = 4096

    package init() {}

    package func callAsFunction(_ shape: ProductShape, weights: PackedWeights? = nil) throws(KernelError) -> Matmul {
        if let known = products[shape] { return known }
        let made = try Matmul(shape, weights: weights)
        if products.count >= Self.limit { products.removeAll(keepingCapacity: true) }
        products[shape] = made
        return made
    }

    /// destination[rows, outputs] (+)= source[rows, inputs] · weightsᵀ
    package func linear(
        _ weights: PackedWeights, rows: Int, source: UnsafeRawPointer, sourceStride: Int? = nil,
        into destination: UnsafeMutableRawPointer, destinationStride: Int? = nil, as type: Precision,
        epilogue: Epilogue = .store, bias: AlignedBuffer? = nil, operand: UnsafeRawPointer? = nil,
        threads: Int = Threads.count
    ) throws(KernelError) {
        Threads.adopt()
        let shape = ProductShape(
            m: rows, n: weights.outputs, k: weights.inputs, sourceStride: sourceStride ?? weights.inputs,
            destinationStride: destinationStride ?? weights.outputs, source: weights.precision, destination: type,
            epilogue: epilogue, hasBias: bias != nil, threads: threads)
        try self(shape, weights: weights)
            .run(source, weights.memory.address, into: destination, bias: bias?.floats, operand: operand)
    }
}
