import Calibration
import Compaction
import Gradients

extension PreparedSearch {
    /// What errors of the sublayers' outputs cost.
    /// - Parameter calibration: goes into the cache with them.
    static func differentiate(
        _ prepared: PreparedModel, _ dense: DenseBlocks, _ calibration: Calibration, _ options: SearchOptions,
        _ times: inout StageTimes, _ observer: some RunObserver
    ) throws -> OutputMetrics {
        let windows = prepared.texts.calibrationWindows
        let total = OutputMetrics.tokens(windows.all, tokens: options.gradientTokens, rows: prepared.workspace.rows)
        let cache = prepared.calibrationCache
        if let cached = try cache?.metrics(tokens: total) {
            times.addCached("gradients", seconds: cached.seconds)
            return cached.value
        }
        let start = ContinuousClock.now
        let metrics = try times.measure("gradients") {
            try observer.stage("gradients", total: total, unit: "tokens") { progress in
                try OutputMetrics(
                    prepared.model, attention: dense.attention, mlp: dense.mlp, outside: prepared.checkpoint,
                    windows: windows.all, lists: windows.lists, tokens: options.gradientTokens, in: prepared.workspace,
                    progress: progress,
                    isCancelled: { observer.isCancelled })
            }
        }
        cache?.keep(
            metrics, tokens: total, with: calibration, seconds: (ContinuousClock.now - start) / .seconds(1))
        return metrics
    }
}
