import Kernels

extension OutputProjection {
    /// Calls `body` for blocks of rows of W·diag(scales), float64 [rows, columns], which it may overwrite.
    func forEachBlock(scaledBy scales: [Double], _ body: (_ block: UnsafeMutablePointer<Double>, _ rows: Int) -> Void) {
        let height = min(outputs, 256)
        let memory = AlignedBuffer(doubles: height * columns)
        defer { withExtendedLifetime(memory) {} }
        let block = memory.doubles
        weights.withUnsafeBufferPointer { weights in
            scales.withUnsafeBufferPointer { scales in
                for start in stride(from: 0, to: outputs, by: max(height, 1)) {
                    let rows = min(height, outputs - start)
                    for row in 0..<rows {
                        for column in 0..<columns {
                            block[row * columns + column] =
                                Double(weights[(start + row) * columns + column]) * scales[column]
                        }
                    }
                    body(block, rows)
                }
            }
        }
    }

    /// ‖W_:,j‖² of every column.
    var squaredColumnNorms: [Double] {
        var norms = [Double](repeating: 0, count: columns)
        weights.withUnsafeBufferPointer { weights in
            for row in 0..<outputs {
                for column in 0..<columns {
                    let weight = Double(weights[row * columns + column])
                    norms[column] += weight * weight
                }
            }
        }
        return norms
    }

    /// Sums of a quantity of columns over the columns of each unit.
    func unitSums(_ columnValues: [Double]) -> [Double] {
        (0..<units).map { unit in columnValues[unit * unitSize..<(unit + 1) * unitSize].reduce(0, +) }
    }
}
