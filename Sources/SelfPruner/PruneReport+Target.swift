import Reporting

extension PruneReport {
    /// What was asked for in place of a rate and what came of it, in a sentence or two.
    package var targetWords: String? {
        guard let target else { return nil }
        let rate = NumberFormat.percent(self.rate.decoder, decimals: 2)
        switch target.kind {
        case "size":
            return "Asked for at most \(NumberFormat.grouped(Int(target.asked))) bytes: the weights take "
                + "\(NumberFormat.grouped(Int(target.reached))), with \(rate) of the blocks removed."
        case "parameters":
            return "Asked for at most \(NumberFormat.grouped(Int(target.asked))) parameters: there are "
                + "\(NumberFormat.grouped(Int(target.reached))), with \(rate) of the blocks removed."
        default:
            let tried = target.steps.map {
                "\(NumberFormat.percent($0.rate, decimals: 0)) (\(Self.signed($0.increase)))"
            }
            return "Asked for at most \(Self.signed(target.asked)) perplexity on the last text of the race: it is "
                + "\(Self.signed(target.reached)) there, with \(rate) of the blocks removed. Rates tried: "
                + "\(tried.joined(separator: ", "))."
        }
    }

    private static func signed(_ fraction: Double) -> String {
        (fraction > 0 ? "+" : "") + NumberFormat.percent(fraction)
    }
}
