import Foundation

/// A reply to `/rows` (https://huggingface.co/docs/dataset-viewer/rows).
struct RowPage: Sendable {
    static let longest = 100

    let rows: [[String: RowValue]]

    /// - Parameters:
    ///   - first: the number of the row that was asked for.
    ///   - what: for sentences.
    /// - Throws: `HubError`: `badReply`, and `checksum` for a dataset of another length.
    init(json: Data, first: Int, of data: TaskData, _ what: String) throws(HubError) {
        guard let body = try? JSONDecoder().decode(Body.self, from: json) else {
            throw HubError(.badReply, "What came for \(what) is not the JSON of rows of a dataset")
        }
        if body.partial == true {
            throw HubError(.badReply, "What came for \(what) is of a part of the dataset only")
        }
        if let total = body.total, total != data.rows {
            throw HubError(
                .checksum,
                "\(data.dataset) has \(total) rows in \(data.split) now, and not the \(data.rows) that papers report on; "
                    + "Scripts/make-task-data has them from elsewhere")
        }
        let expected = min(Self.longest, data.rows - first)
        guard body.rows.count == expected else {
            throw HubError(.badReply, "For \(what), \(body.rows.count) rows came in place of \(expected)")
        }
        for (index, row) in body.rows.enumerated() {
            guard row.index == first + index else {
                throw HubError(.badReply, "For \(what), row \(row.index) came in place of row \(first + index)")
            }
            if let cell = row.truncated?.first {
                throw HubError(.badReply, "Of row \(row.index) of \(data.dataset), '\(shown(cell))' came cut short")
            }
        }
        rows = body.rows.map(\.row)
    }

    private struct Body: Decodable {
        struct Row: Decodable {
            var index: Int
            var row: [String: RowValue]
            var truncated: [String]?

            enum CodingKeys: String, CodingKey {
                case index = "row_idx"
                case row
                case truncated = "truncated_cells"
            }
        }

        var rows: [Row]
        var total: Int?
        var partial: Bool?

        enum CodingKeys: String, CodingKey {
            case rows, partial
            case total = "num_rows_total"
        }
    }
}
