/// Fills batches of a fixed size.
enum Packing {
    /// Best fit, the largest first.
    /// - Parameters:
    ///   - sizes: none above `capacity`.
    /// - Returns: indices of `sizes`, each once; their sizes add up to no more than `capacity`. Fullest batches with the
    ///   largest first.
    static func bestFit(_ sizes: [Int], capacity: Int) -> [[Int]] {
        var bins: [[Int]] = []
        // The bins that have so much room left.
        var open = [[Int]](repeating: [], count: capacity + 1)
        for index in sizes.indices.sorted(by: { (sizes[$1], $0) < (sizes[$0], $1) }) {
            let size = sizes[index]
            precondition(size <= capacity, "the batch is too small")
            if let room = (size...capacity).first(where: { !open[$0].isEmpty }), let bin = open[room].popLast() {
                bins[bin].append(index)
                open[room - size].append(bin)
            } else {
                open[capacity - size].append(bins.count)
                bins.append([index])
            }
        }
        return bins
    }
}
