/// Leaves an endpoint alone after many failures in a row: for a while nothing is let through, then a single trial,
/// which decides (Nygard: *Release It!*, 2007).
struct CircuitBreaker {
    enum Admission: Equatable {
        case ordinary
        /// The one call that decides whether the circuit closes.
        case trial
        /// No call for so long; zero while a trial is under way.
        case refused(Duration)
    }

    private enum State {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        case onTrial
    }

    private let failureLimit: Int
    private let coolDown: Duration
    private var state = State.closed(failures: 0)

    init(failureLimit: Int, coolDown: Duration) {
        self.failureLimit = max(1, failureLimit)
        self.coolDown = coolDown
    }

    mutating func admit(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .closed: return .ordinary
        case .onTrial: return .refused(.zero)
        case .open(let end) where now < end: return .refused(end - now)
        case .open:
            state = .onTrial
            return .trial
        }
    }

    /// Any success closes the circuit, also one of a call that began before it opened.
    mutating func succeeded() { state = .closed(failures: 0) }

    mutating func failed(_ admission: Admission, at now: ContinuousClock.Instant) {
        switch state {
        case .closed(let failures):
            state = failures + 1 < failureLimit ? .closed(failures: failures + 1) : .open(until: now + coolDown)
        case .onTrial where admission == .trial: state = .open(until: now + coolDown)
        case .onTrial, .open: break  // A call from before it opened says nothing new.
        }
    }

    /// The call was given up by its caller, which says nothing of the endpoint; the next may be the trial.
    mutating func abandoned(_ admission: Admission, at now: ContinuousClock.Instant) {
        if admission == .trial, case .onTrial = state { state = .open(until: now) }
    }
}
