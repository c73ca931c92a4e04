import Export
import Testing

struct StoredElementTests {
    private func bits(_ element: StoredElement, _ value: Float) -> UInt32 {
        element.encode([value]).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// IEEE 754-2019 binary16: 1 sign, 5 exponent and 10 fraction bits; round to nearest, ties to even.
    @Test(
        arguments: [
            (0, 0x0000), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (0.333_333_34, 0x3555), (65504, 0x7BFF),
            // The last value that rounds down, the tie, and what does not fit.
            (65519.996, 0x7BFF), (65520, 0x7C00), (65535.996, 0x7C00), (65536, 0x7C00), (-1e30, 0xFC00),
            (.infinity, 0x7C00), (-.infinity, 0xFC00),
            // 1 + ½ulp goes to even (down), 1 + 3·½ulp up; just above a tie up.
            (0x1.002p0, 0x3C00), (0x1.006p0, 0x3C02), (0x1.002002p0, 0x3C01), (0x1.001ffep0, 0x3C00),
            // Rounding carries into the exponent.
            (0x1.ffep0, 0x4000), (0x1.ffdffep0, 0x3FFF),
            // Normal and subnormal around 2⁻¹⁴.
            (0x1p-14, 0x0400), (0x1.ff8p-15, 0x03FF), (0x1.ffcp-15, 0x0400), (0x1p-24, 0x0001), (0x1.8p-24, 0x0002),
            (0x1.4p-23, 0x0002), (0x1p-25, 0x0000), (0x1.000002p-25, 0x0001), (-0x1p-25, 0x8000), (-0x1p-24, 0x8001),
            (0x1p-149, 0x0000),
        ] as [(Float, UInt32)])
    func halfPrecision(_ value: Float, _ expected: UInt32) {
        #expect(bits(.float16, value) == expected)
    }

    /// The upper half of a float32; round to nearest, ties to even.
    @Test(
        arguments: [
            (0, 0x0000), (-0.0, 0x8000), (1, 0x3F80), (-2, 0xC000), (3.140_625, 0x4049), (0.333_333_34, 0x3EAB),
            (0x1.01p0, 0x3F80), (0x1.03p0, 0x3F82), (0x1.010002p0, 0x3F81), (0x1.00fffep0, 0x3F80), (0x1.ffp0, 0x4000),
            (.greatestFiniteMagnitude, 0x7F80), (0x1.fep127, 0x7F7F), (-0x1.ffp127, 0xFF80), (.infinity, 0x7F80),
            (-.infinity, 0xFF80), (0x1p-126, 0x0080), (0x1p-133, 0x0001), (0x1p-134, 0x0000), (0x1.8p-133, 0x0002),
            (0x1p-149, 0x0000), (-0x1.8p-134, 0x8001),
        ] as [(Float, UInt32)])
    func brainPrecision(_ value: Float, _ expected: UInt32) {
        #expect(bits(.bfloat16, value) == expected)
    }

    /// Not-a-number stays one whatever its payload, with its sign.
    @Test(arguments: [0x7FC0_0000, 0x7F80_0001, 0xFF80_0001, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FA0_0000] as [UInt32])
    func notANumberStays(_ pattern: UInt32) {
        let value = Float(bitPattern: pattern)
        let (half, brain) = (bits(.float16, value), bits(.bfloat16, value))
        #expect(half & 0x7C00 == 0x7C00 && half & 0x3FF != 0)
        #expect(brain & 0x7F80 == 0x7F80 && brain & 0x7F != 0)
        #expect(half >> 15 == pattern >> 31 && brain >> 15 == pattern >> 31)
        #expect(bits(.float32, value) == pattern)
    }

    /// Every finite binary16 value comes back as itself, decoded from its fields.
    @Test func everyHalfIsExact() {
        var values: [Float] = []
        var patterns: [UInt8] = []
        for pattern in UInt32(0)..<0x8000 where pattern & 0x7C00 != 0x7C00 {
            let (exponent, fraction) = (Int(pattern >> 10), Float(pattern & 0x3FF))
            let value =
                exponent == 0
                ? fraction * 0x1p-24 : (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
            values += [value, -value]
            for bits in [pattern, pattern | 0x8000] { patterns += [UInt8(bits & 0xFF), UInt8(bits >> 8)] }
        }
        #expect(StoredElement.float16.encode(values) == patterns)
    }

    @Test func float32IsLittleEndian() {
        #expect(StoredElement.float32.encode([1, -2.5]) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
        #expect(StoredElement.float32.encode([]).isEmpty)
    }

    @Test func typesAreKeptWhereTheyCanBeWritten() {
        #expect(StoredElement(keeping: ["F32", "F32"]) == .float32)
        #expect(StoredElement(keeping: ["F16"]) == .float16)
        #expect(StoredElement(keeping: ["BF16", "BF16"]) == .bfloat16)
        #expect(StoredElement(keeping: ["F32", "BF16"]) == .bfloat16)
        #expect(StoredElement(keeping: ["Q4_1", "F32"]) == .bfloat16)
        #expect(StoredElement(keeping: ["Q8_0"]) == .bfloat16)
        #expect(StoredElement(keeping: []) == .bfloat16)
    }
}
