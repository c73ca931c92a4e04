import Models
import Search

/// How the memory that a search may take is divided, decided before it begins.
package struct EvaluationMemory: Sendable, Equatable {
    /// Bytes for packed sublayers of candidates, the cache's limit.
    package var sublayers: Int
    /// Bytes for residual streams where the candidates of a walk part. Where they do not suffice, streams are computed
    /// again.
    package var walking: Int
    /// Bytes for residual streams of survivors.
    package var kept: Int
    /// Survivors keep a stream behind every `stride` sublayers.
    package var stride: Int
    /// What the division rests on; `nil` when it was given.
    package private(set) var demand: Demand?
    package private(set) var limit: Int?

    package init(sublayers: Int, walking: Int, kept: Int, stride: Int = 1) {
        self.sublayers = sublayers
        self.walking = walking
        self.kept = kept
        self.stride = stride
    }

    /// What is known before a search, in bytes unless said otherwise.
    package struct Demand: Sendable, Equatable {
        /// The packed dense model.
        package var model = 0
        package var workspace = 0
        /// The factors that levels are made from, the dense blocks included.
        package var factors = 0
        /// What the factors are made of: it is gone before there are targets and candidates.
        package var moments = 0
        /// The dense model's probabilities of the fitness texts.
        package var targets = 0
        /// The packed sublayers of the largest candidate, and what making the largest sublayer takes.
        package var candidate = 0
        /// The packed sublayers of all levels.
        package var allSublayers = 0
        /// One residual stream of each rung's text.
        package var streams: [Int] = []
        /// Number of sublayers.
        package var depth = 0
        /// Most candidates evaluated in one call, and survivors whose streams are wanted.
        package var candidates = 1
        package var survivors = 0

        package init() {}

        /// - Parameters:
        ///   - rungTokens: tokens of each rung's text.
        ///   - factors: bytes of the plan, `PruningPlan.byteCount`.
        ///   - targets: bytes of the texts, `FitnessText.byteCount`.
        ///   - moments: bytes of the calibration's moments and metrics, where the factors are still to be made.
        package init(
            dense: LlamaModel, space: SearchSpace, workspace: Workspace, rungTokens: [Int], factors: Int, targets: Int,
            moments: Int = 0, candidates: Int, survivors: Int
        ) {
            model = dense.byteCount
            self.workspace = workspace.byteCount
            self.factors = factors
            self.moments = moments
            self.targets = targets
            var (whole, largest, levels) = (0, 0, 0.0)
            for sublayer in space.sublayers {
                let bytes =
                    sublayer.kind == .attention
                    ? dense.attention[sublayer.block].byteCount : dense.mlp[sublayer.block].byteCount
                whole += bytes
                // Its float32 weights three times: gathered, scaled by the norm, and solved for.
                largest = max(largest, bytes / dense.precision.byteCount * 4 * 3)
                let full = Double(max(sublayer.fullParameters, 1))
                // The whole sublayer is the dense model's own.
                levels += sublayer.parameters.dropLast().reduce(0.0) { $0 + Double($1) / full } * Double(bytes)
            }
            candidate = whole + largest
            allSublayers = max(Int(levels), whole)
            streams = rungTokens.map { workspace.residualByteCount(rows: $0) }
            depth = space.sublayers.count
            self.candidates = max(candidates, 1)
            self.survivors = survivors
        }

        package var mandatory: Int { model + workspace + factors + max(moments, targets + candidate) }

        /// Streams of the longest text at ⌊log₂ candidates⌋ places.
        package var walking: Int {
            (streams.max() ?? 0) * (Int.bitWidth - 1 - max(candidates, 1).leadingZeroBitCount)
        }

        /// Streams of all survivors behind every `stride` sublayers of every rung.
        func kept(_ stride: Int) -> Int { survivors * streams.reduce(0, +) * ((max(depth, 1) - 1) / stride) }
    }

    /// Divides `limit` bytes: what is mandatory, then the streams of a walk, then half of the rest for packed
    /// sublayers (no more than there are) and what is left for survivors.
    /// - Throws: `CompactionError.memoryTooSmall`, saying what is needed.
    package init(limit: Int, _ demand: Demand) throws(CompactionError) {
        let mandatory = demand.mandatory
        guard limit >= mandatory else {
            throw CompactionError(
                .memoryTooSmall,
                "The search needs at least \(MemorySize(roundingUp: mandatory)) of memory, and only "
                    + "\(MemorySize(limit)) are allowed")
        }
        let rest = limit - mandatory
        walking = min(demand.walking, rest)
        let cached = min(max(demand.allSublayers - demand.candidate, 0), (rest - walking) / 2)
        sublayers = demand.candidate + cached
        kept = rest - walking - cached
        // Coarse streams of all rungs save more than fine ones of the first; and below 4, keeping a stream (fresh memory
        // above all) takes as long as the sublayers that it saves.
        let available = kept
        stride = [4, 8].first { demand.kept($0) <= available } ?? 16
        self.demand = demand
        self.limit = limit
    }

    /// Survivors whose streams of all rungs fit.
    package var survivors: Int? {
        guard let demand else { return nil }
        let each = demand.streams.reduce(0, +) * ((max(demand.depth, 1) - 1) / stride)
        return each > 0 ? min(kept / each, demand.survivors) : demand.survivors
    }
}

extension EvaluationMemory: CustomStringConvertible {
    /// The plan in a few lines.
    package var description: String {
        var lines: [String] = []
        if let demand, let limit {
            lines.append(
                "memory \(MemorySize(limit)): model \(MemorySize(demand.model)), factors \(MemorySize(demand.factors)), "
                    + "activations \(MemorySize(demand.workspace)), targets \(MemorySize(demand.targets))")
        }
        lines.append("packed sublayers of candidates: \(MemorySize(sublayers))")
        let short = demand.map { walking < $0.walking } ?? false
        lines.append(
            "streams shared in a generation: \(MemorySize(walking))" + (short ? "; some are computed again" : ""))
        var survivors = "streams of survivors: \(MemorySize(kept)), one behind every \(stride) sublayers"
        if let demand, let count = self.survivors {
            survivors += ", \(count) of \(demand.survivors) survivors on all texts"
        }
        lines.append(survivors)
        return lines.joined(separator: "\n")
    }
}

/// Bytes as people read them.
struct MemorySize: CustomStringConvertible {
    private let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    /// At least `bytes` when read as a decimal.
    init(roundingUp bytes: Int) {
        let unit = Self.unit(bytes)
        self.bytes = Int((Double(bytes) / unit.size * 10).rounded(.up) / 10 * unit.size)
    }

    private static func unit(_ bytes: Int) -> (size: Double, name: String) {
        bytes >= 1 << 30 ? (0x1p30, "GiB") : (0x1p20, "MiB")
    }

    var description: String {
        let unit = Self.unit(bytes)
        let tenths = Int((Double(bytes) / unit.size * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }
}
