import Foundation
import Kernels
import SelfPruner
import TestSupport
import Testing

struct CalibrationCacheTests {
    private let fixture: PruneFixture

    init() throws { fixture = try PruneFixture() }

    /// What is said, and which of the two stages had to be done.
    private func run(
        cached: Bool = true, _ change: (inout PruneOptions) -> Void = { _ in }
    ) async throws -> (report: PruneReport, measured: [String]) {
        let observer = CancellingObserver(after: .max)
        let report = try await prune(
            fixture.options {
                $0.overwrite = true
                $0.gradientTokens = 96
                if cached { $0.calibrationCache = fixture.folder("cache") }
                change(&$0)
            }, observer: observer)
        return (report, observer.stages.filter { ["calibrate", "gradients"].contains($0) })
    }

    private func model() throws -> Data { try fixture.folder.data("smaller/model.safetensors") }

    /// What this processor multiplies.
    private static let precisions: [ComputeOptions.Precision] =
        [.float32] + (Kernels.Precision.supported.contains(.bfloat16) ? [.bfloat16] : [])

    @Test(arguments: precisions)
    func `what was kept gives the same model`(_ precision: ComputeOptions.Precision) async throws {
        func prune(cached: Bool) async throws -> (report: PruneReport, measured: [String], model: Data) {
            let run = try await run(cached: cached) {
                $0.compute.precision = precision
            }
            return (run.report, run.measured, try model())
        }
        let without = try await prune(cached: false)
        let first = try await prune(cached: true)
        let second = try await prune(cached: true)
        #expect(first.measured == ["calibrate", "gradients"] && second.measured.isEmpty)
        #expect(without.report.cachedSeconds == nil && first.report.cachedSeconds == nil)
        #expect(second.report.cachedSeconds?.keys.sorted() == ["calibrate", "gradients"])
        #expect(second.report.cachedSeconds?.values.allSatisfy { $0 > 0 } == true)
        #expect(first.model == without.model && second.model == without.model)
        let reports = try [without, first, second].map { try JSONOutput.encode($0.report.reproducible) }
        #expect(reports[0] == reports[1] && reports[0] == reports[2])
    }

    @Test func `only what is the same is taken`() async throws {
        #expect(try await run().measured == ["calibrate", "gradients"])
        // These change nothing about the calibration.
        #expect(
            try await run {
                $0.rate = 0.5
                $0.seed = 7
                $0.ridge = 0.1
                $0.order = .forward
            }.measured.isEmpty)
        #expect(
            try await run {
                $0.method = .wandaSP
                $0.vocabularyShare = 1 / 6.0
            }.measured.isEmpty)
        #expect(try await run { $0.gradientTokens = 64 }.measured == ["gradients"])
        #expect(try await run { $0.gradientTokens = 0 }.measured.isEmpty)
        #expect(try await run { $0.firstTokenWeight = 2 }.measured == ["calibrate", "gradients"])
        #expect(try await run { $0.vocabularyShare = 0 }.measured == ["calibrate", "gradients"])
        #expect(try await run { $0.calibrationTokens = 256 }.measured == ["calibrate", "gradients"])
        for precision in Self.precisions.dropFirst() {
            #expect(try await run { $0.compute.precision = precision }.measured == ["calibrate", "gradients"])
        }
        let other = try TinyModel.make("mha", in: fixture.folder)
        #expect(try await run { $0.model = other }.measured == ["calibrate", "gradients"])
        #expect(try fixture.folder.contents("cache").count == 4 + Self.precisions.count)
        // The weights are the same, the model is not.
        let configuration = "gqa-untied/config.json"
        let json = String(decoding: try fixture.folder.data(configuration), as: UTF8.self)
        let changed = json.replacing(/"rms_norm_eps": *[^,\n]+/, with: #""rms_norm_eps": 0.01"#)
        #expect(changed != json)
        try fixture.folder.write(configuration, Data(changed.utf8))
        #expect(try await run().measured == ["calibrate", "gradients"])
        try fixture.folder.write(configuration, Data(json.utf8))
        #expect(try await run { $0.gradientTokens = 64 }.measured.isEmpty)
    }

    @Test func `a calibration without products is made anew for a method that needs them`() async throws {
        #expect(try await run { $0.method = .wandaSP }.measured == ["calibrate"])
        #expect(try await run { $0.method = .wandaSP }.measured.isEmpty)
        #expect(try await run().measured == ["calibrate", "gradients"])
        #expect(try await run { $0.method = .wandaSP }.measured.isEmpty)
    }

    @Test func `a place that cannot be written to is said before anything is measured`() async throws {
        try fixture.folder.write("cache", Data("mine".utf8))
        let observer = CancellingObserver(after: .max)
        await #expect {
            try await prune(
                fixture.options { $0.calibrationCache = fixture.folder("cache/here") }, observer: observer)
        } throws: {
            ($0 as? SelfPrunerError)?.code == .outputNotWritable && "\($0)".contains("cache/here")
        }
        #expect(observer.stages.isEmpty)
    }

    /// What is in the way of the calibration is left alone.
    @Test func `what cannot be kept stops no pruning`() async throws {
        _ = try await run()
        let entry = "cache/\(try fixture.folder.contents("cache")[0])"
        try FileManager.default.removeItem(atPath: fixture.folder(entry))
        try fixture.folder.write(entry, Data("mine".utf8))
        #expect(try await run().measured == ["calibrate", "gradients"])
        #expect(try fixture.folder.data(entry) == Data("mine".utf8))
    }

    enum Damage: CaseIterable {
        case cutMatrices, noMatrices, strangeJSON, contradictoryJSON, fewerBlocks, lessGradient
    }

    @Test(arguments: Damage.allCases)
    func `what cannot be read is said, with the folder to delete`(_ damage: Damage) async throws {
        _ = try await run()
        let entry = "cache/\(try fixture.folder.contents("cache")[0])"
        let (matrices, description) = ("\(entry)/moments.safetensors", "\(entry)/calibration.json")
        switch damage {
        case .cutMatrices: try fixture.folder.write(matrices, try fixture.folder.data(matrices).dropLast(100))
        case .noMatrices: try FileManager.default.removeItem(atPath: fixture.folder(matrices))
        case .strangeJSON: try fixture.folder.write(description, Data("{}".utf8))
        case .contradictoryJSON:
            let json = String(decoding: try fixture.folder.data(description), as: UTF8.self)
            let changed = json.replacing(/"width":\d+/, with: #""width":3"#)
            #expect(changed != json)
            try fixture.folder.write(description, Data(changed.utf8))
        case .fewerBlocks, .lessGradient:
            var json = try #require(
                JSONSerialization.jsonObject(with: fixture.folder.data(description)) as? [String: Any])
            if damage == .fewerBlocks {
                json["mlp"] = Array(try #require(json["mlp"] as? [Any]).dropLast())
            } else {
                var gradients = try #require(json["gradients"] as? [String: Any])
                gradients["attention"] = [Any]()
                json["gradients"] = gradients
            }
            try fixture.folder.write(description, JSONSerialization.data(withJSONObject: json))
        }
        let before = try model()
        await #expect {
            try await run()
        } throws: {
            ($0 as? SelfPrunerError)?.code == .unreadable && "\($0)".contains(entry) && "\($0)".contains("delete")
        }
        #expect(try model() == before)
    }
}
