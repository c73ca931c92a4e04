/// The storage types of activations, so that each kernel is written once and specialised for both.
protocol Element {
    static var precision: Precision { get }
    static func lanes(_ pointer: UnsafePointer<Self>) -> Lanes
    static func set(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Self>)
    init(rounding value: Float)
    var float: Float { get }
}

extension Float: Element {
    static var precision: Precision { .float32 }
    @inline(__always) static func lanes(_ pointer: UnsafePointer<Float>) -> Lanes { load(pointer) }
    @inline(__always) static func set(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<Float>) { store(lanes, pointer) }
    @inline(__always) init(rounding value: Float) { self = value }
    @inline(__always) var float: Float { self }
}

/// A bfloat16's bits.
extension UInt16: Element {
    static var precision: Precision { .bfloat16 }
    @inline(__always) static func lanes(_ pointer: UnsafePointer<UInt16>) -> Lanes { load(pointer) }
    @inline(__always) static func set(_ lanes: Lanes, _ pointer: UnsafeMutablePointer<UInt16>) { store(lanes, pointer) }
    @inline(__always) init(rounding value: Float) { self = Bfloat16.bits(value) }
    @inline(__always) var float: Float { Bfloat16.float(self) }
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
}
