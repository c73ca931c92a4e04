/// What a calibration runs over: windows of text, and of lists of the vocabulary in place of some.
package struct CalibrationWindows: Sendable {
    /// All windows, as they run.
    package let all: [[Int32]]
    /// Which of them are lists.
    package let lists: Set<Int>

    /// The text's windows with those of lists in place of its last ones, evenly spread.
    /// - Parameters:
    ///   - text: windows; all but the last of one length.
    ///   - share: of the windows that become lists; of one window there is nothing to take.
    ///   - vocabulary: tokens that the lists are drawn from; without any there are no lists.
    package init(_ text: [[Int32]], listShare share: Double, vocabulary: [Int32]) {
        let count = max(0, min(Int((Double(text.count) * share).rounded()), text.count - 1))
        let lists = VocabularyLists(count: count, length: text.first?.count ?? 0, vocabulary: vocabulary).windows
        var windows = Array(text.dropLast(lists.count))
        var places: Set<Int> = []
        for (index, list) in lists.enumerated() {
            // Each in the middle of its part of the text; those before it are in their places already.
            let place = (2 * index + 1) * text.count / (2 * count)
            windows.insert(list, at: place)
            places.insert(place)
        }
        all = windows
        self.lists = places
    }
}
