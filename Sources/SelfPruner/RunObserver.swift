/// Follows a long operation, and may end it.
///
/// Methods are called from one thread at a time.
public protocol RunObserver: Sendable {
    /// A stage begins; `total` counts `unit`s.
    func begin(stage: String, total: Int, unit: String)
    func update(_ count: Int, note: String?)
    func end(note: String?)
    /// Something happened in the stage `search`.
    func search(_ progress: SearchProgress)
    /// Asked often; the operation then throws `CancellationError` and leaves no output behind.
    var isCancelled: Bool { get }
}

/// Follows nothing.
public struct SilentObserver: RunObserver {
    public init() {}
    public func begin(stage: String, total: Int, unit: String) {}
    public func update(_ count: Int, note: String?) {}
    public func end(note: String?) {}
    public var isCancelled: Bool { false }
}

extension RunObserver {
    public func search(_ progress: SearchProgress) {}

    /// Runs one stage.
    func stage<Result>(
        _ name: String, total: Int, unit: String, _ body: (_ progress: (Int) -> Void) throws -> Result
    ) throws -> Result {
        begin(stage: name, total: total, unit: unit)
        defer { end(note: nil) }
        return try body { update($0, note: nil) }
    }
}
