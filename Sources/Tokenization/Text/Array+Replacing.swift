extension [UInt8] {
    /// Every occurrence of `pattern`, from the left and without overlap, replaced.
    func replacing(_ pattern: [UInt8], with content: [UInt8]) -> [UInt8] {
        guard let first = pattern.first, count >= pattern.count else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(count + count / 4)
        var position = 0
        while position < count {
            if self[position] == first, occurs(pattern, at: position) {
                result.append(contentsOf: content)
                position += pattern.count
            } else {
                result.append(self[position])
                position += 1
            }
        }
        return result
    }

    func occurs(_ pattern: [UInt8], at position: Int) -> Bool {
        guard position + pattern.count <= count else { return false }
        for offset in pattern.indices where self[position + offset] != pattern[offset] { return false }
        return true
    }
}
