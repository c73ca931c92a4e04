/// What happened in a search, in lines for a log: one event a line, in `key=value` words that `grep` and `awk` can pick.
///
/// ```
/// search event=start generation=1/21 evaluated=0/430 elapsed=0.0
/// search event=best kl=0.6712 uniform=1.306 generation=7/21 evaluated=143/430 elapsed=75.3 left=148.0
/// search event=generation kl=0.6712 uniform=1.306 generation=7/21 evaluated=150/430 elapsed=79.0 left=144.1
/// search event=rejections new=12 self.crossover=9 self.mutate=3 generation=7/21 …
/// search event=message generation=7/21 evaluated=150/430 elapsed=79.0 left=144.1 text=the endpoint does not answer
/// ```
///
/// A new best is always printed; the others at most one each `interval`, the latest of its kind. Times are in seconds.
struct SearchEvents {
    /// Between two lines that are not a new best.
    static let interval = Duration.seconds(1)
    /// So many rejections since the last line about them make a line.
    static let burst = 10
    /// So many messages may wait for their line; then the oldest is dropped.
    private static let waitingCount = 20

    private var isStarted = false
    private var best: Double?
    private var generation = 0
    private var rejected: [String: Int] = [:]
    private var messages: [String] = []
    private var waiting: [String] = []
    private var lastLine = Duration.zero

    /// The lines to print now.
    mutating func update(_ snapshot: SearchSnapshot, at time: Duration) -> [String] {
        noteMessages(of: snapshot)
        guard isStarted else {
            isStarted = true
            best = snapshot.best
            generation = snapshot.generation
            rejected = Self.rejections(of: snapshot)
            lastLine = time
            return [Self.line("start", snapshot)]
        }
        if let new = snapshot.best, !new.isNaN, best.map({ new < $0 || $0.isNaN }) ?? true {
            best = new
            lastLine = time
            return [Self.line("best", snapshot)]
        }
        guard time - lastLine >= Self.interval, let line = nextLine(snapshot) else { return [] }
        lastLine = time
        return [line]
    }

    /// The last lines: what waited, and the end itself.
    mutating func end(_ event: String, _ snapshot: SearchSnapshot) -> [String] {
        noteMessages(of: snapshot)
        return waiting.map { Self.line("message", snapshot, text: $0) } + [Self.line(event, snapshot)]
    }

    private mutating func nextLine(_ snapshot: SearchSnapshot) -> String? {
        if !waiting.isEmpty { return Self.line("message", snapshot, text: waiting.removeFirst()) }
        if snapshot.generation > generation {
            generation = snapshot.generation
            // The one that ended is the one before.
            var ended = snapshot
            if ended.generation > Int.min { ended.generation -= 1 }
            return Self.line("generation", ended)
        }
        let now = Self.rejections(of: snapshot)
        let new = now.compactMap { name, count in
            let more = Double(count) - Double(rejected[name] ?? 0)
            return more > 0 ? (name: name, count: more) : nil
        }
        let sum = new.reduce(0) { $0 + $1.count }
        guard sum >= Double(Self.burst) else { return nil }
        rejected = now
        let words = new.sorted { ($1.count, $0.name) < ($0.count, $1.name) }.map {
            "\(Self.word($0.name))=\(NumberFormat.fixed($0.count, 0))"
        }
        return Self.line("rejections", snapshot, words: ["new=\(NumberFormat.fixed(sum, 0))"] + words)
    }

    private mutating func noteMessages(of snapshot: SearchSnapshot) {
        waiting += snapshot.messages.filter { !messages.contains($0) }
        waiting = Array(waiting.suffix(Self.waitingCount))
        messages = snapshot.messages
    }

    private static func rejections(of snapshot: SearchSnapshot) -> [String: Int] {
        Dictionary(snapshot.operators.map { ($0.name, $0.rejected) }) { max($0, $1) }
    }

    private static func line(
        _ event: String, _ snapshot: SearchSnapshot, words: [String] = [], text: String? = nil
    ) -> String {
        var parts = [word(snapshot.title), "event=\(event)"] + words
        if words.isEmpty && text == nil {
            if let best = snapshot.best {
                parts.append("\(word(snapshot.fitnessName, else: "fitness"))=\(SearchBlock.fitness(best))")
            }
            if let first = snapshot.firstFitness {
                parts.append("\(word(snapshot.firstName, else: "first"))=\(SearchBlock.fitness(first))")
            }
        }
        parts.append("generation=\(snapshot.generation)" + (snapshot.generations.map { "/\($0)" } ?? ""))
        parts.append("evaluated=\(snapshot.evaluated)" + (snapshot.total.map { "/\($0)" } ?? ""))
        parts.append("elapsed=\(NumberFormat.fixed(snapshot.secondsElapsed, 1))")
        if let left = snapshot.secondsLeft, event != "finish" { parts.append("left=\(NumberFormat.fixed(left, 1))") }
        if let text { parts.append("text=" + ProgressLine.singleLine(text)) }
        return parts.joined(separator: " ")
    }

    /// One word, so that the words of a line can be told apart.
    private static func word(_ text: String, else fallback: String = "search") -> String {
        let words = ProgressLine.singleLine(text).split { $0.isWhitespace || $0 == "=" }
        return words.isEmpty ? fallback : words.joined(separator: "-")
    }
}
