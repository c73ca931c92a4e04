/// A nondeterministic automaton over bytes: Thompson's construction (*Regular expression search algorithm*, CACM 1968).
struct NondeterministicAutomaton {
    struct State {
        /// Followed without reading.
        var jumps: [Int32] = []
        /// Followed on a byte of the range.
        var edges: [(bytes: ClosedRange<UInt8>, target: Int32)] = []
    }

    private(set) var states: [State] = []
    private(set) var start: Int32 = 0
    private(set) var end: Int32 = 0

    /// Bounds on what a grammar may unfold to.
    static let largestSize = 1 << 17
    static let deepestNesting = 64

    /// - Throws: `ProposerError.badGrammar`: too large, nested too deeply, or it accepts nothing.
    init(_ grammar: Grammar) throws(ProposerError) {
        let start = try add()
        end = try append(grammar, to: start, depth: 0)
        self.start = start
        try prune()
    }

    private mutating func add() throws(ProposerError) -> Int32 {
        guard states.count < Self.largestSize else {
            throw ProposerError(.badGrammar, "The grammar unfolds to more than \(Self.largestSize) states")
        }
        states.append(State())
        return Int32(states.count - 1)
    }

    private mutating func jump(_ from: Int32, _ to: Int32) { states[Int(from)].jumps.append(to) }

    private mutating func edge(_ from: Int32, _ bytes: ClosedRange<UInt8>, _ to: Int32) {
        states[Int(from)].edges.append((bytes, to))
    }

    /// Adds what accepts `grammar` from `first` on.
    /// - Returns: the state behind it. No edge leads back to `first` and none leaves the state behind.
    private mutating func append(_ grammar: Grammar, to first: Int32, depth: Int) throws(ProposerError) -> Int32 {
        guard depth < Self.deepestNesting else {
            throw ProposerError(.badGrammar, "The grammar is nested more than \(Self.deepestNesting) deep")
        }
        switch grammar {
        case .literal(let text):
            var state = first
            for byte in text.utf8 {
                let next = try add()
                edge(state, byte...byte, next)
                state = next
            }
            return state
        case .sequence(let parts):
            var state = first
            for part in parts { state = try append(part, to: state, depth: depth + 1) }
            return state
        case .choice(let parts):
            let last = try add()
            for part in parts {
                let begin = try add()
                jump(first, begin)
                jump(try append(part, to: begin, depth: depth + 1), last)
            }
            return last
        case .optional(let part):
            return try append(.repeated(part, upTo: 1), to: first, depth: depth)
        case .repeated(let part, let count):
            let last = try add()
            var state = first
            for _ in 0..<max(count, 0) {
                let begin = try add()
                jump(state, begin)
                jump(state, last)
                state = try append(part, to: begin, depth: depth + 1)
            }
            jump(state, last)
            return last
        case .integer(let range):
            let last = try add()
            guard range.upperBound >= 0 else { return last }
            try append(max(range.lowerBound, 0), range.upperBound, from: first, to: last)
            return last
        }
    }

    /// Numbers of `low`...`high`, those of each length apart.
    private mutating func append(_ low: Int, _ high: Int, from first: Int32, to last: Int32) throws(ProposerError) {
        let (lowest, highest) = (Array("\(low)".utf8), Array("\(high)".utf8))
        let (zero, one, nine) = (UInt8(ascii: "0"), UInt8(ascii: "1"), UInt8(ascii: "9"))
        for length in lowest.count...highest.count {
            let lower =
                length == lowest.count ? lowest : [one] + [UInt8](repeating: zero, count: length - 1)
            let upper = length == highest.count ? highest : [UInt8](repeating: nine, count: length)
            // States after the digits so far: equal to those of both bounds, of one of them, or between.
            var (both, onLower, onUpper, free): (Int32?, Int32?, Int32?, Int32?) = (first, nil, nil, nil)
            for (position, (a, b)) in zip(lower, upper).enumerated() {
                let isLast = position == length - 1
                func next(_ state: inout Int32?) throws(ProposerError) -> Int32 {
                    if isLast { return last }
                    if let state { return state }
                    let made = try add()
                    state = made
                    return made
                }
                var (nextBoth, nextLower, nextUpper, nextFree): (Int32?, Int32?, Int32?, Int32?)
                if let both {
                    if a == b {
                        edge(both, a...a, try next(&nextBoth))
                    } else {
                        edge(both, a...a, try next(&nextLower))
                        edge(both, b...b, try next(&nextUpper))
                        if a + 1 < b { edge(both, a + 1...b - 1, try next(&nextFree)) }
                    }
                }
                if let onLower {
                    edge(onLower, a...a, try next(&nextLower))
                    if a < nine { edge(onLower, a + 1...nine, try next(&nextFree)) }
                }
                if let onUpper {
                    edge(onUpper, b...b, try next(&nextUpper))
                    if b > zero { edge(onUpper, zero...b - 1, try next(&nextFree)) }
                }
                if let free { edge(free, zero...nine, try next(&nextFree)) }
                (both, onLower, onUpper, free) = (nextBoth, nextLower, nextUpper, nextFree)
            }
        }
    }

    /// Drops what does not lead to the end, so that a live state always has a way to go on.
    private mutating func prune() throws(ProposerError) {
        var sources = [[Int32]](repeating: [], count: states.count)
        for (index, state) in states.enumerated() {
            for target in state.jumps { sources[Int(target)].append(Int32(index)) }
            for edge in state.edges { sources[Int(edge.target)].append(Int32(index)) }
        }
        var leads = [Bool](repeating: false, count: states.count)
        leads[Int(end)] = true
        var open = [end]
        while let state = open.popLast() {
            for source in sources[Int(state)] where !leads[Int(source)] {
                leads[Int(source)] = true
                open.append(source)
            }
        }
        guard leads[Int(start)] else { throw ProposerError(.badGrammar, "The grammar accepts no text at all") }
        for index in states.indices {
            states[index].jumps.removeAll { !leads[Int($0)] }
            states[index].edges.removeAll { !leads[Int($0.target)] }
        }
    }
}
