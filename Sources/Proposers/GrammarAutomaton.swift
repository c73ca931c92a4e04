/// The deterministic automaton of a grammar, its states made when they are first reached.
///
/// Every state leads to an accepting one. Serves one caller at a time.
package final class GrammarAutomaton {
    private let source: NondeterministicAutomaton
    /// Per state: the states of `source` it stands for, ascending, those with edges and the end only.
    private var members: [[Int32]] = []
    private var numbers: [[Int32]: Int] = [:]
    private var accepting: [Bool] = []
    /// [state][byte]: the next state, `dead` or `unknown`.
    private var transitions: [[Int32]] = []
    private static let (dead, unknown): (Int32, Int32) = (-1, -2)

    package let start = 0

    /// - Throws: `ProposerError.badGrammar`: too large, nested too deeply, or it accepts nothing.
    package init(_ grammar: Grammar) throws(ProposerError) {
        source = try NondeterministicAutomaton(grammar)
        _ = number([source.start])
    }

    /// States made so far.
    package var count: Int { members.count }

    /// The state after `byte`, `nil` when no text of the language goes on with it.
    package func advance(_ state: Int, _ byte: UInt8) -> Int? {
        let known = transitions[state][Int(byte)]
        if known >= 0 { return Int(known) }
        if known == Self.dead { return nil }
        var targets: [Int32] = []
        for member in members[state] {
            for edge in source.states[Int(member)].edges where edge.bytes.contains(byte) { targets.append(edge.target) }
        }
        let next = targets.isEmpty ? Self.dead : Int32(number(targets))
        transitions[state][Int(byte)] = next
        return next == Self.dead ? nil : Int(next)
    }

    package func advance(_ state: Int, _ bytes: some Sequence<UInt8>) -> Int? {
        var state = state
        for byte in bytes {
            guard let next = advance(state, byte) else { return nil }
            state = next
        }
        return state
    }

    /// Whether the text so far is one of the language.
    package func isAccepting(_ state: Int) -> Bool { accepting[state] }

    /// Whether no text of the language goes on from here.
    package func isFinal(_ state: Int) -> Bool {
        members[state].allSatisfy { source.states[Int($0)].edges.isEmpty }
    }

    /// The bytes that are the only way to go on: none at a choice, or where the text may end or go on.
    package func forced(_ state: Int) -> [UInt8] {
        var (state, bytes): (Int, [UInt8]) = (state, [])
        while !accepting[state], let byte = onlyByte(state), let next = advance(state, byte) {
            bytes.append(byte)
            state = next
        }
        return bytes
    }

    private func onlyByte(_ state: Int) -> UInt8? {
        var only: UInt8?
        for member in members[state] {
            for edge in source.states[Int(member)].edges {
                let byte = edge.bytes.lowerBound
                guard edge.bytes.count == 1, only == nil || only == byte else { return nil }
                only = byte
            }
        }
        return only
    }

    /// The number of the state that stands for `targets` and all they jump to.
    private func number(_ targets: [Int32]) -> Int {
        var seen = Set(targets)
        var open = targets
        while let state = open.popLast() {
            for next in source.states[Int(state)].jumps where seen.insert(next).inserted { open.append(next) }
        }
        let key = seen.filter { $0 == source.end || !source.states[Int($0)].edges.isEmpty }.sorted()
        if let known = numbers[key] { return known }
        let number = members.count
        numbers[key] = number
        members.append(key)
        accepting.append(seen.contains(source.end))
        transitions.append([Int32](repeating: Self.unknown, count: 256))
        return number
    }
}
