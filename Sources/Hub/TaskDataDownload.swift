import Foundation

/// The questions of tasks, from the rows of datasets on the hub. Each file appears whole and with its checksum, or not
/// at all.
package struct TaskDataDownload: Sendable {
    private let folder: String
    private let client: HubClient

    package init(into folder: String, _ configuration: HubConfiguration) {
        self.folder = folder
        client = HubClient(configuration)
    }

    /// Whether the file is there and the right one.
    package func isPresent(_ data: TaskData) -> Bool {
        let path = path(data)
        guard FileNames.size(path) == data.bytes, let content = FileManager.default.contents(atPath: path) else {
            return false
        }
        return data.flaw(in: [UInt8](content)) == nil
    }

    /// - Parameter progress: called with the rows that have come.
    /// - Throws: `HubError`, `CancellationError`.
    package func run(_ data: TaskData, progress: @Sendable (Int) -> Void) async throws {
        try FileNames.makeFolder(folder)
        // Said before the rows come, not after them.
        try FileNames.checkWritable(folder: folder)
        var writer = PythonJSON()
        for first in stride(from: 0, to: data.rows, by: RowPage.longest) {
            let last = min(first + RowPage.longest, data.rows)
            let what = "rows \(first) to \(last - 1) of \(data.dataset)"
            let json = try await client.fetch(try address(of: data, first: first), what)
            for (index, row) in try RowPage(json: json, first: first, of: data, what).rows.enumerated() {
                do throws(PythonJSON.Misfit) {
                    try writer.appendLine(row, fields: data.fields, members: data.members ?? [])
                } catch {
                    throw HubError(.badReply, "Row \(first + index) of \(data.dataset) has \(error.reason)")
                }
            }
            progress(last)
        }
        if let flaw = data.flaw(in: writer.bytes) {
            throw HubError(
                .checksum,
                "\(data.dataset) is not what papers report on: \(data.file) \(flaw); it was not kept, and "
                    + "Scripts/make-task-data makes the right one")
        }
        try FileNames.replace(path(data), Data(writer.bytes))
    }

    private func path(_ data: TaskData) -> String { "\(folder)/\(data.file)" }

    private func address(of data: TaskData, first: Int) throws(HubError) -> URL {
        let parameters = [
            ("dataset", data.dataset), ("config", data.config), ("split", data.split), ("offset", "\(first)"),
            ("length", "\(RowPage.longest)"),
        ]
        let query = parameters.map { "\($0)=\(SafePath.escaped($1))" }.joined(separator: "&")
        guard let url = URL(string: "\(client.configuration.rowsEndpoint.absoluteString)/rows?\(query)") else {
            throw HubError(.badSetting, "HF_DATASETS_SERVER cannot be put together with a query")
        }
        return url
    }
}
