import Reporting

extension SearchReport {
    /// - Parameter fitness: what fitness is, in words.
    func markdown(fitness: String) -> String {
        var parts = [summary(fitness: fitness), operatorTable.markdown()]
        if !rejections.isEmpty { parts.append(rejectionTable.markdown()) }
        if let chat { parts.append(Self.words(chat)) }
        if let memoryPlan {
            parts.append(memoryPlan.split(separator: "\n").map { "- \($0)" }.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    package func summary(fitness: String) -> String {
        let uniform = uniformFitness.map { NumberFormat.fixed($0, 4) } ?? "–"
        let best = bestFitness.map { NumberFormat.fixed($0, 4) } ?? "–"
        let rungs = zip(rungTokens, evaluatedPerRung).map { "\($1) on \($0) tokens" }.joined(separator: ", ")
        var text = """
            \(evaluated) candidates by `\(proposer)` in \(NumberFormat.duration(.seconds(seconds))) (\(rungs)). Fitness \
            (\(fitness)) on the last: \(uniform) uniform, \(best) best. Proposing took \
            \(NumberFormat.percent(proposalShare, decimals: 1)) of the search's time.
            """
        if let work, work.tokenSublayersAlone > 0 {
            let share = 1 - Double(work.tokenSublayers) / Double(work.tokenSublayersAlone)
            text += " Shared beginnings saved \(NumberFormat.percent(share, decimals: 1)) of the blocks' work."
        }
        return text
    }

    package var operatorTable: TextTable {
        var table = TextTable([
            .init("operator"), .init("evaluated", .right), .init("accepted", .right),
            .init("fitter than parents", .right),
            .init("improved the best", .right), .init("rejected", .right), .init("s per proposal", .right),
            .init("agreement", .right), .init("by chance", .right),
        ])
        for item in operators {
            let proposals = Double(max(item.evaluated + item.rejected, 1))
            table.addRow([
                item.name, "\(item.evaluated)", "\(item.accepted)", "\(item.improvedParents)", "\(item.improvedBest)",
                "\(item.rejected)", NumberFormat.fixed(item.proposalSeconds / proposals, 2),
                item.agreement.map { NumberFormat.percent($0) } ?? "–",
                item.chanceAgreement.map { NumberFormat.percent($0) } ?? "–",
            ])
        }
        return table
    }

    private var rejectionTable: TextTable {
        var table = TextTable([
            .init("rejected"), .init("reason"), .init("times", .right), .init("first"),
        ])
        for item in rejections { table.addRow([item.name, item.reason, "\(item.count)", item.example]) }
        return table
    }

    private static func words(_ chat: ChatUsageReport) -> String {
        let failures = chat.failures.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return """
            Chat endpoint: \(chat.requests) requests (\(chat.attempts) attempts\
            \(failures.isEmpty ? "" : "; failed: " + failures.joined(separator: ", "))), \
            \(NumberFormat.grouped(chat.promptTokens)) prompt and \(NumberFormat.grouped(chat.completionTokens)) \
            completion tokens\(chat.cost.map { ", cost \(NumberFormat.fixed($0, 4))" } ?? "").
            """
    }
}
