import Search

@testable import Proposers

extension Grammar {
    /// All its texts by the definition, `nil` when there are more than `limit`.
    func language(limit: Int = 3000) -> Set<[UInt8]>? {
        switch self {
        case .literal(let text): return [Array(text.utf8)]
        case .integer(let range):
            let low = max(range.lowerBound, 0)
            guard range.upperBound >= low else { return [] }
            guard range.upperBound - low < limit else { return nil }
            return Set((low...range.upperBound).map { Array("\($0)".utf8) })
        case .optional(let part): return part.language(limit: limit).map { $0.union([[]]) }
        case .choice(let parts):
            var result = Set<[UInt8]>()
            for part in parts {
                guard let words = part.language(limit: limit) else { return nil }
                result.formUnion(words)
            }
            return result.count > limit ? nil : result
        case .sequence(let parts):
            var result: Set<[UInt8]> = [[]]
            for part in parts {
                guard let words = part.language(limit: limit), words.count * result.count <= limit else { return nil }
                result = Set(result.flatMap { before in words.map { before + $0 } })
            }
            return result
        case .repeated(let part, let count):
            guard let words = part.language(limit: limit) else { return nil }
            var (result, last): (Set<[UInt8]>, Set<[UInt8]>) = ([[]], [[]])
            for _ in 0..<count {
                guard last.count * words.count <= limit else { return nil }
                last = Set(last.flatMap { before in words.map { before + $0 } })
                result.formUnion(last)
            }
            return result.count > limit ? nil : result
        }
    }

    static func random(_ generator: inout SeededGenerator, depth: Int = 3) -> Grammar {
        func parts(_ count: Int) -> [Grammar] { (0..<count).map { _ in random(&generator, depth: depth - 1) } }
        switch generator.uniform(below: depth == 0 ? 3 : 9) {
        case 0, 1:
            return .literal(
                ["", "a", "b", "ab", "ba", "1", "10", "aab", "é"][generator.uniform(below: 9)])
        case 2:
            let low = [0, 3, 8, 19, 95, 120][generator.uniform(below: 6)]
            return .integer(low...low + generator.uniform(below: 30))
        case 3, 4: return .sequence(parts(1 + generator.uniform(below: 4)))
        case 5, 6: return .choice(parts(generator.uniform(below: 4)))
        case 7: return .optional(random(&generator, depth: depth - 1))
        default: return .repeated(random(&generator, depth: depth - 1), upTo: generator.uniform(below: 4))
        }
    }

    /// Random ones whose language is small and not empty.
    static func sample(_ count: Int, seed: UInt64) -> [(grammar: Grammar, language: Set<[UInt8]>)] {
        var generator = SeededGenerator(seed: seed)
        var result: [(Grammar, Set<[UInt8]>)] = []
        while result.count < count {
            let grammar = random(&generator)
            if let language = grammar.language(limit: 400), !language.isEmpty { result.append((grammar, language)) }
        }
        return result
    }
}
