import Calibration
import Testing

struct VocabularyListsTests {
    private static let vocabulary = (0..<5000).map { Int32($0 + 10) }

    @Test(arguments: [2, 3, 64, 1023, 1024, 2048, 3000])
    func `every list comes twice in a row`(_ length: Int) {
        let windows = VocabularyLists(count: 3, length: length, vocabulary: Self.vocabulary).windows
        #expect(windows.map(\.count) == [length, length, length])
        let list = min(VocabularyLists.listLength, (length + 1) / 2)
        for window in windows {
            for start in stride(from: 0, to: length, by: 2 * list) {
                let again = window[min(start + list, length)..<min(start + 2 * list, length)]
                #expect(window[start...].prefix(again.count).elementsEqual(again))
            }
        }
    }

    @Test func `no token comes again before all have come`() {
        let windows = VocabularyLists(count: 6, length: 2048, vocabulary: Self.vocabulary).windows
        let lists = windows.flatMap { [$0[0..<512], $0[1024..<1536]] }
        let drawn = lists.flatMap { $0 }
        #expect(drawn.count == 6144)
        #expect(Set(drawn.prefix(5000)) == Set(Self.vocabulary))
        #expect(Set(drawn.dropFirst(5000)).count == 1144)
        // In no order of the vocabulary's.
        let ascending = zip(drawn, drawn.dropFirst()).count { $0 < $1 }
        #expect(2900...3250 ~= ascending)
    }

    @Test func `the same windows each time`() {
        func make() -> [[Int32]] { VocabularyLists(count: 2, length: 100, vocabulary: Self.vocabulary).windows }
        #expect(make() == make())
    }

    @Test(arguments: [
        (32, 1 / 6.0, [3, 9, 16, 22, 28]), (8, 1 / 6.0, [4]), (10, 0.5, [1, 3, 5, 7, 9]), (4, 0.9, [0, 2, 3]),
    ])
    func `lists take the places of the last windows, evenly spread`(_ count: Int, _ share: Double, _ places: [Int]) {
        let text = (0..<count).map { [Int32](repeating: -Int32($0) - 1, count: 16) }
        let windows = CalibrationWindows(text, listShare: share, vocabulary: Self.vocabulary)
        let mixed = windows.all
        #expect(mixed.count == count && mixed.allSatisfy { $0.count == 16 })
        #expect(mixed.indices.filter { mixed[$0][0] >= 0 } == places)
        #expect(mixed.filter { $0[0] < 0 } == Array(text.prefix(count - places.count)))
        #expect(windows.lists == Set(places))
    }

    @Test func `where there is nothing to take or nothing to draw the text stays`() {
        let text: [[Int32]] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
        func all(_ text: [[Int32]], _ share: Double, _ vocabulary: [Int32] = Self.vocabulary) -> [[Int32]] {
            CalibrationWindows(text, listShare: share, vocabulary: vocabulary).all
        }
        #expect(all(text, 0) == text)
        #expect(all(text, 0.5, []) == text)
        #expect(all([[1, 2, 3]], 0.5) == [[1, 2, 3]])
        #expect(all([], 0.5).isEmpty)
    }

    @Test func `a vocabulary smaller than a list is drawn anew`() {
        let windows = VocabularyLists(count: 1, length: 64, vocabulary: [1, 2, 3]).windows
        #expect(windows[0].count == 64)
        #expect(Set(windows[0].prefix(3)) == [1, 2, 3] && Set(windows[0][3..<6]) == [1, 2, 3])
    }
}
