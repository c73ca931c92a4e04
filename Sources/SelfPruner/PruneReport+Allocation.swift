import Reporting

extension PruneReport {
    /// How the rates came about, in a sentence, where nothing was searched for.
    package var allocationWords: String? {
        let reason: String? =
            switch PruneOptions.Allocation(rawValue: settings.allocation) {
            case .uniform: "every part loses the same rate, as nearly as its levels allow"
            case .owl: "blocks with more outliers among their weights lose less (OWL)"
            case .global: "one threshold over the scores of all units decides what goes"
            case .blocks:
                "\(removedBlocks) of \(blocks.count) blocks go, the fewest that reach the rate, which comes to "
                    + "\(NumberFormat.percent(rate.decoder, decimals: 2)) of the blocks' parameters"
            case .search, nil: nil
            }
        return reason.map { "Nothing was searched for: \($0)." }
    }

    /// Blocks that have lost both attention and MLP.
    package var removedBlocks: Int { blocks.count { $0.keyValueHeads == 0 && $0.channels == 0 } }
}
