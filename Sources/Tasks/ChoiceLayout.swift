import Models

/// Choices that run together, of one question or of several that begin alike, and the rows that they take.
///
/// The first choice is a sequence of its own. Of each other one, what it has in common with the first runs once, and the
/// rest is a branch of the first one's rows; a choice that is the beginning of a branch has no rows at all. The last
/// token of a choice is not run: nothing is predicted from it.
struct ChoiceLayout {
    /// Their numbers.
    private(set) var choices: [Int] = []
    /// Rows of all of them.
    private(set) var rows = 0
    /// Questions that are done when these choices are.
    var questions = 0
    /// Of each choice.
    private var places: [Place] = []
    /// Indices in `choices` of those that begin a sequence.
    private var sequences: [Int] = []

    /// The first `shared` positions are rows of the first sequence, the others are rows of `sequence`.
    private struct Place {
        var shared: Int
        var sequence: Int
    }

    /// - Parameter all: the choices that are numbered.
    mutating func append(_ number: Int, of all: [EncodedChoice]) {
        let run = all[number].run
        if let first = choices.first {
            let shared = Self.common(run, all[first].run)
            if shared == run.count {
                places.append(Place(shared: shared, sequence: 0))
            } else if let known = sequences.indices.dropFirst().first(where: { index in
                all[choices[sequences[index]]].run.starts(with: run)
            }) {
                places.append(Place(shared: places[sequences[known]].shared, sequence: known))
            } else {
                places.append(Place(shared: shared, sequence: sequences.count))
                sequences.append(choices.count)
                rows += run.count - shared
            }
        } else {
            places.append(Place(shared: run.count, sequence: 0))
            sequences.append(0)
            rows = run.count
        }
        choices.append(number)
    }

    private static func common(_ one: ArraySlice<Int32>, _ other: ArraySlice<Int32>) -> Int {
        var count = 0
        for (token, same) in zip(one, other) {
            guard token == same else { break }
            count += 1
        }
        return count
    }

    /// Appends the rows.
    /// - Parameter target: called for each scored token with its choice's number, and with the row that predicts it.
    func append(
        _ all: [EncodedChoice], to batch: inout TokenBatch, target: (_ choice: Int, _ row: Int, _ token: Int32) -> Void
    ) {
        guard let first = choices.first else { return }
        let start = batch.append(all[first].run).lowerBound
        // The first row of each sequence that is no row of the first one's.
        var own = [start + all[first].run.count]
        for index in sequences.dropFirst() {
            let shared = places[index].shared
            own.append(
                batch.append(all[choices[index]].run.dropFirst(shared), behind: start..<start + shared).lowerBound)
        }
        for (number, place) in zip(choices, places) {
            let tokens = all[number].tokens
            for position in tokens.count - all[number].scored..<tokens.count {
                let before = position - 1
                let row = before < place.shared ? start + before : own[place.sequence] + before - place.shared
                target(number, row, tokens[position])
            }
        }
    }
}

extension ChoiceLayout {
    /// Rows that running two questions together must save: branches have a price.
    private static let leastSaving = 8

    /// All choices of all questions in layouts of no more than `capacity` rows, but for choices that are longer by
    /// themselves. Choices of a question run together, and so do questions that begin alike.
    /// - Parameters:
    ///   - questions: numbers of the choices of each.
    static func layouts(_ questions: [Range<Int>], of all: [EncodedChoice], capacity: Int) -> [ChoiceLayout] {
        var layouts: [ChoiceLayout] = []
        // Neighbours in this order have most in common.
        let order = questions.indices.filter { !questions[$0].isEmpty }.sorted { one, other in
            let (first, second) = (all[questions[one].lowerBound].tokens, all[questions[other].lowerBound].tokens)
            return first == second ? one < other : first.lexicographicallyPrecedes(second)
        }
        for question in order {
            var parts = Self.parts(questions[question], of: all, capacity: capacity)
            if parts.count == 1, let last = layouts.last, let next = parts.first,
                let merged = last.merged(with: next, of: all, capacity: capacity)
            {
                layouts[layouts.count - 1] = merged
                parts = []
            }
            layouts += parts
        }
        return layouts
    }

    /// The choices of one question; more than one layout where they are too many for one.
    private static func parts(_ choices: Range<Int>, of all: [EncodedChoice], capacity: Int) -> [ChoiceLayout] {
        var parts: [ChoiceLayout] = []
        var part = ChoiceLayout()
        for number in choices {
            // No choice takes more rows than it has.
            if !part.choices.isEmpty, part.rows + all[number].run.count > capacity {
                var longer = part
                longer.append(number, of: all)
                if longer.rows > capacity {
                    parts.append(part)
                    part = ChoiceLayout()
                }
            }
            part.append(number, of: all)
        }
        part.questions = 1
        return parts + [part]
    }

    private func merged(with other: ChoiceLayout, of all: [EncodedChoice], capacity: Int) -> ChoiceLayout? {
        // It can save no more than the tokens that both begin with.
        guard let mine = choices.first, let first = other.choices.first,
            Self.common(all[mine].run, all[first].run) >= Self.leastSaving
        else { return nil }
        var merged = self
        for number in other.choices { merged.append(number, of: all) }
        guard merged.rows <= capacity, merged.rows + Self.leastSaving <= rows + other.rows else { return nil }
        merged.questions += other.questions
        return merged
    }
}

extension EncodedChoice {
    /// The tokens that are run: all but the last.
    var run: ArraySlice<Int32> { tokens.dropLast() }
}
