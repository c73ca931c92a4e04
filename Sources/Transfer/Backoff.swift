import Foundation

/// Pauses between attempts: doubling, half of each random, so that many clients do not come back together.
package struct Backoff {
    private let first: Duration
    private let longest: Duration
    /// SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, OOPSLA 2014).
    private var state: UInt64?

    package init(first: Duration, longest: Duration, seed: UInt64?) {
        self.first = first
        self.longest = longest
        state = seed
    }

    /// - Parameter failures: 1 or more.
    package mutating func pause(after failures: Int) -> Duration {
        let whole = min(longest, first * (1 << min(30, max(0, failures - 1))))
        return state == nil ? whole : whole * (0.5 + 0.5 * uniform())
    }

    /// In [0, 1).
    private mutating func uniform() -> Double {
        let advanced = (state ?? 0) &+ 0x9e37_79b9_7f4a_7c15
        state = advanced
        var mixed = (advanced ^ (advanced >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }

    /// What a Retry-After header asks for: seconds or a date (RFC 9110, 10.2.3); `nil` when it is neither.
    package static func requestedPause(_ header: String?, now: Date = Date()) -> Duration? {
        guard let text = header?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return .seconds(Int64(text).map { min($0, 1_000_000_000) } ?? 1_000_000_000)
        }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text).map { .seconds(max(0, $0.timeIntervalSince(now))) }
    }
}
