import CVectors

/// The storage types of activations, so that each kernel is written once and specialised for both.
protocol Element {
    static var precision: Precision { get }
    static func lanes(_ pointer: UnsafePointer<Self>) -> Lanes
    static func set(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Self>)
    init(rounding value: Float)
    var float: Float { get }
    /// Columns of one transposed square.
    static var transposedColumns: Int { get }
    /// 16 rows of that many elements become columns of 16 floats; `last` stands in for the rows behind it.
    static func transpose(
        _ rows: UnsafePointer<Self>, stride: Int, last: Int, into columns: UnsafeMutablePointer<Float>)
}

extension Float: Element {
    static var precision: Precision { .float32 }
    @inline(__always) static func lanes(_ pointer: UnsafePointer<Float>) -> Lanes { load(pointer) }
    @inline(__always) static func set(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Float>) { store(lanes, pointer) }
    @inline(__always) init(rounding value: Float) { self = value }
    @inline(__always) var float: Float { self }

    static var transposedColumns: Int { 16 }
    @inline(__always)
    static func transpose(
        _ rows: UnsafePointer<Float>, stride: Int, last: Int, into columns: UnsafeMutablePointer<Float>
    ) { transpose_float32(rows, stride, last, columns) }
}

/// A bfloat16's bits.
extension UInt16: Element {
    static var precision: Precision { .bfloat16 }
    @inline(__always) static func lanes(_ pointer: UnsafePointer<UInt16>) -> Lanes { load(pointer) }
    @inline(__always) static func set(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<UInt16>) { store(lanes, pointer) }
    @inline(__always) init(rounding value: Float) { self = Bfloat16.bits(value) }
    @inline(__always) var float: Float { Bfloat16.float(self) }

    static var transposedColumns: Int { 32 }
    @inline(__always)
    static func transpose(
        _ rows: UnsafePointer<UInt16>, stride: Int, last: Int, into columns: UnsafeMutablePointer<Float>
    ) { transpose_bfloat16(rows, stride, last, columns) }
}

extension Element {
    /// output = input · factor, `count` elements.
    @inline(__always)
    static func scale(
        _ input: UnsafePointer<Float>, by factor: Float, count: Int, into output: UnsafeMutablePointer<Self>
    ) {
        let factors = Lanes(repeating: factor)
        var index = 0
        while index &+ 16 <= count {
            set(load(input + index) * factors, output + index)
            index &+= 16
        }
        while index < count {
            output[index] = Self(rounding: input[index] * factor)
            index &+= 1
        }
    }

    /// 16 rows of at least `transposedColumns` elements become `width` columns of 16 floats.
    @inline(__always)
    static func transpose(
        _ rows: UnsafePointer<Self>, stride: Int, last: Int, width: Int, into columns: UnsafeMutablePointer<Float>
    ) {
        var column = 0
        while column < width {
            // The last square overlaps the one before where they do not come out even.
            let start = min(column, width &- transposedColumns)
            transpose(rows + start, stride: stride, last: last, into: columns + start &* 16)
            column &+= transposedColumns
        }
    }
}
