/// Examples in front of questions, drawn as lm-evaluation-harness draws them: for one question after the other from a
/// file of their own, by Python's generator with the harness's seed.
package struct FewShot: Sendable {
    /// The harness's `fewshot_random_seed`.
    private static let seed: UInt32 = 1234

    /// In front of each question.
    package var count: Int
    /// The file that they are drawn from, which is not the one with the questions.
    package var path: String

    package init(count: Int, path: String) {
        self.count = count
        self.path = path
    }

    /// Puts examples in front of `items`, whose `documents` these are.
    /// - Throws: `TaskError`, with the file and the line.
    func apply(
        to items: inout [TaskItem], of documents: [DocumentValue], _ task: TaskDeclaration
    ) throws(TaskError) {
        let pool = try JSONLines.read(path)
        // One more is drawn, so that one that is the question itself can be left out.
        let drawn = count + (task.drawsSpareExample ? 1 : 0)
        guard pool.count >= drawn else { throw tooFew(pool.count, drawn) }
        var random = PythonRandom(seed: Self.seed)
        var examples = [String?](repeating: nil, count: pool.count)
        for index in items.indices {
            var chosen = random.sample(drawn, of: pool.count)
            if task.drawsSpareExample {
                chosen.removeAll { pool[$0].value == documents[index] }
                if chosen.count < count {
                    // It is in the file more than once.
                    let others = pool.indices.filter { pool[$0].value != documents[index] }
                    guard others.count >= count else { throw tooFew(others.count, count) }
                    chosen = random.sample(count, of: others.count).map { others[$0] }
                }
            }
            var prefix = ""
            for number in chosen.prefix(count) {
                if examples[number] == nil {
                    let (line, document) = pool[number]
                    examples[number] = try task.item(document, file: path, line: line).example
                }
                prefix += (examples[number] ?? "") + task.fewShotDelimiter
            }
            for choice in items[index].choices.indices {
                items[index].choices[choice].context = prefix + items[index].choices[choice].context
            }
        }
    }

    private func tooFew(_ items: Int, _ examples: Int) -> TaskError {
        TaskError(.noItems, "\(items) items are too few to draw \(examples) examples from", file: path)
    }
}
