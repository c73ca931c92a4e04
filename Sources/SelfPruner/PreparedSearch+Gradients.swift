import Compaction
import Gradients

extension PreparedSearch {
    /// What errors of the sublayers' outputs cost.
    static func differentiate(
        _ prepared: PreparedModel, _ dense: DenseBlocks, _ options: SearchOptions, _ times: inout StageTimes,
        _ observer: some RunObserver
    ) throws -> OutputMetrics {
        let windows = prepared.texts.calibration
        let total = OutputMetrics.tokens(windows, tokens: options.gradientTokens, rows: prepared.workspace.rows)
        return try times.measure("gradients") {
            try observer.stage("gradients", total: total, unit: "tokens") { progress in
                try OutputMetrics(
                    prepared.model, attention: dense.attention, mlp: dense.mlp, outside: prepared.checkpoint,
                    windows: windows, tokens: options.gradientTokens, in: prepared.workspace, progress: progress,
                    isCancelled: { observer.isCancelled })
            }
        }
    }
}
