import RealModule
import Testing

@testable import Kernels

struct MatmulTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var (m, n, k): (Int, Int, Int)
        var epilogue = Epilogue.store
        var bias = false
        var testDescription: String { "\(m)×\(k)×\(n) \(epilogue) bias \(bias)" }
    }

    static let cases = [
        Case(m: 1, n: 96, k: 48), Case(m: 40, n: 80, k: 48, bias: true), Case(m: 3, n: 7, k: 5),
        Case(m: 130, n: 64, k: 96, epilogue: .accumulate), Case(m: 17, n: 52, k: 48, epilogue: .accumulate, bias: true),
        Case(m: 33, n: 160, k: 64, epilogue: .swish, bias: true), Case(m: 64, n: 128, k: 32, epilogue: .multiply),
        Case(m: 9, n: 48, k: 80, epilogue: .multiply, bias: true), Case(m: 256, n: 1536, k: 64),
    ]

    /// Against float64 on the stored operands. float32: rounding of at most k additions; bfloat16 adds the rounding of
    /// the result where it is stored as bfloat16 (2⁻⁸ relative).
    @Test(arguments: cases, Precision.supported)
    func packedProductsEqualDoubleReference(_ c: Case, _ precision: Precision) throws {
        var values = Values(UInt64(c.m * c.n + c.k))
        let source = stored(values.array(c.m * c.k), precision)
        let weightBuffer = stored(values.array(c.n * c.k), precision)
        let weights = loaded(weightBuffer, c.n * c.k, precision)
        let bias = c.bias ? values.array(c.n) : nil
        let packed = try PackedWeights(weights, outputs: c.n, inputs: c.k, stride: nil, precision: precision)
        let type: Precision = c.epilogue == .accumulate ? .float32 : precision
        let before = stored(values.array(c.m * c.n), type)
        let beforeValues = loaded(before, c.m * c.n, type)
        let operand = stored(values.array(c.m * c.n), precision)
        let operandValues = loaded(operand, c.m * c.n, precision)
        try MatmulCache().linear(
            packed, rows: c.m, source: source.address, into: before.address, as: type, epilogue: c.epilogue,
            bias: bias.map(AlignedBuffer.init), operand: operand.address)

        var reference = referenceProduct(loaded(source, c.m * c.k, precision), weights, m: c.m, n: c.n, k: c.k)
        for index in reference.indices {
            if let bias { reference[index] += Double(bias[index % c.n]) }
            switch c.epilogue {
            case .store: break
            case .accumulate: reference[index] += Double(beforeValues[index])
            case .swish: reference[index] *= 1 / (1 + Double.exp(-reference[index]))
            case .multiply: reference[index] *= Double(operandValues[index])
            }
        }
        let scale = reference.reduce(1.0) { max($0, abs($1)) }
        let tolerance = scale * (type == .bfloat16 ? 5e-3 : 1e-5)
        #expect(largestDifference(loaded(before, c.m * c.n, type), reference) < tolerance)
    }

    @Test(arguments: Precision.supported)
    func plainAndTransposedLayoutsEqualDoubleReference(_ precision: Precision) throws {
        let (m, n, k, stride) = (37, 72, 24, 80)
        var values = Values(5)
        let source = stored(values.array(m * k), precision)
        let matrix = stored(values.array(n * stride), precision)
        let all = loaded(matrix, n * stride, precision)
        let weights = (0..<n).flatMap { all[$0 * stride..<$0 * stride + k] }
        let output = AlignedBuffer(floats: m * n)
        let product = try Matmul(
            ProductShape(
                m: m, n: n, k: k, sourceStride: k, weightsStride: stride, destinationStride: n, source: precision,
                destination: .float32, layout: .transposed, threads: 1))
        product.run(source.address, matrix.address, into: output.address)
        let reference = referenceProduct(loaded(source, m * k, precision), weights, m: m, n: n, k: k)
        #expect(largestDifference(output.array(m * n), reference) < 1e-4)

        // The same matrix read as [k = 72, n = 80].
        let wide = stored(values.array(m * n), precision)
        let second = AlignedBuffer(floats: m * stride)
        let plain = try Matmul(
            ProductShape(
                m: m, n: stride, k: n, sourceStride: n, weightsStride: stride, destinationStride: stride,
                source: precision, destination: .float32, layout: .plain, threads: 1))
        plain.run(wide.address, matrix.address, into: second.address)
        let transposed = (0..<stride).flatMap { column in (0..<n).map { all[$0 * stride + column] } }
        let plainReference = referenceProduct(loaded(wide, m * n, precision), transposed, m: m, n: stride, k: n)
        #expect(largestDifference(second.array(m * stride), plainReference) < 1e-4)
    }

    @Test(arguments: zip([1, 2, 3] as [Int32], [KernelError.Code.outOfMemory, .oneDNN, .oneDNN]))
    func whatALibraryRefusesIsASentence(_ status: Int32, _ code: KernelError.Code) {
        let error = #expect(throws: KernelError.self) { try KernelError.check(status, "a product") }
        #expect(error?.code == code && error?.message.hasSuffix("in a product") == true)
        #expect(throws: Never.self) { try KernelError.check(0, "a product") }
    }

    /// The shapes of a real model must reach the blocked implementation at every number of rows: the fallback is
    /// two orders of magnitude slower.
    @Test(arguments: [1, 7, 128, 512, 2048], [.float32, .automatic] as Set<Precision>)
    func packedProductsUseTheBlockedImplementation(_ rows: Int, _ precision: Precision) throws {
        let weights = AlignedBuffer(floats: 1536 * 576)
        for (outputs, inputs) in [(960, 576), (1536, 576), (1088, 576), (192, 576), (576, 1088), (32, 576), (576, 32)] {
            for epilogue in [Epilogue.store, .accumulate, .swish, .multiply] {
                let packed = try PackedWeights(weights.floats, outputs: outputs, inputs: inputs, precision: precision)
                let product = try Matmul(
                    ProductShape(
                        m: rows, n: outputs, k: inputs, sourceStride: inputs, destinationStride: outputs,
                        source: precision, destination: epilogue == .accumulate ? .float32 : precision,
                        epilogue: epilogue, hasBias: true, threads: Threads.count), weights: packed)
                #expect(!product.implementation.contains("ref"), "\(outputs)×\(inputs): \(product.implementation)")
            }
        }
    }
}
