/// Text as Python sees it, a sequence of code points: what lm-evaluation-harness and sacreBLEU count and cut.
typealias PythonText = [Unicode.Scalar]

extension Unicode.Scalar {
    /// Python's `str.isspace`.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }
}

extension [Unicode.Scalar] {
    init(_ text: String) { self = Array(text.unicodeScalars) }

    var string: String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: self)
        return String(scalars)
    }

    /// `str.rstrip`
    var withoutTrailingSpace: ArraySlice<Unicode.Scalar> {
        let end = lastIndex { !$0.isPythonSpace }.map { $0 + 1 } ?? 0
        return self[..<end]
    }

    /// `str.strip`
    var stripped: PythonText { Array(withoutTrailingSpace.drop(while: \.isPythonSpace)) }

    /// `str.split`: what lies between runs of white space.
    var words: [ArraySlice<Unicode.Scalar>] { split(whereSeparator: \.isPythonSpace) }

    /// `str.replace`; `old` is not empty.
    func replacingAll(_ old: PythonText, with new: PythonText) -> PythonText {
        guard let first = old.first, count >= old.count else { return self }
        var result: PythonText = []
        result.reserveCapacity(count)
        var index = 0
        while index < count {
            if self[index] == first, index + old.count <= count, self[index..<index + old.count].elementsEqual(old) {
                result += new
                index += old.count
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result
    }
}
