import CThreading

/// The threads of this process: the pool that oneDNN and OpenBLAS use too.
package enum Threads {
    package static var count: Int {
        get { Int(threading_count()) }
        set { threading_set_count(Int32(clamping: newValue)) }
    }

    /// Threads that a routine of OpenBLAS or oneDNN would use if this thread called it.
    static var ofLibraries: Int { Int(threading_library_count()) }

    /// Before a routine of OpenBLAS or oneDNN: this thread, which need not be the one that set `count`, starts that many.
    static func adopt() { threading_adopt() }

    /// Calls `body(slot, index)` for each index below `count`, indices handed out in ascending order.
    ///
    /// `body` must touch disjoint memory for different indices; `slot` (below `Threads.count`) tells apart the calls
    /// that run at the same time, for scratch memory.
    package static func forEach(_ count: Int, _ body: (_ slot: Int, _ index: Int) -> Void) {
        typealias Body = (Int, Int) -> Void
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { pointer in
                threading_for(Int32(clamping: count), UnsafeMutableRawPointer(mutating: pointer)) {
                    context, slot, index in
                    context!.assumingMemoryBound(to: Body.self).pointee(Int(slot), Int(index))
                }
            }
        }
    }

    /// Splits `count` items into one contiguous range per thread, of at least `grain` items.
    package static func forEachChunk(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        let chunks = max(1, min(Threads.count, count / max(grain, 1)))
        if chunks == 1 { return body(0..<count) }
        forEach(chunks) { _, index in body(index * count / chunks..<(index + 1) * count / chunks) }
    }
}
