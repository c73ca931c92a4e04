/// A tokenizer as data: what `tokenizer.json` or the metadata of a GGUF file say, before anything is compiled from it.
struct TokenizerDefinition: Sendable {
    /// Ids are dense in practice; the bound keeps tables indexed by id small on hostile input.
    static let largestID = 1 << 22

    var model: Model
    var addedTokens: [AddedToken] = []
    var normalizer: [NormalizerStep] = []
    var preTokenizer: [PreTokenizerStep] = []
    var template: [TemplatePiece] = [.text]
    /// `nil` joins the tokens with spaces, as Hugging Face does without a decoder.
    var decoder: [DecoderStep]?

    enum Model: Sendable {
        case bytePair(BytePair)
        case unigram(Unigram)
    }

    struct BytePair: Sendable {
        /// Tokens with their ids, in the order of the file.
        var vocabulary: [(token: [UInt8], id: Int32)] = []
        /// Pairs of tokens, best first.
        var merges: [(left: [UInt8], right: [UInt8])] = []
        var unknownToken: [UInt8]?
        var fusesUnknown = false
        var fallsBackToBytes = false
        /// A word that is a token stays whole, whether or not merges lead to it.
        var ignoresMerges = false
    }

    struct Unigram: Sendable {
        /// Tokens in the order of their ids, with log-probabilities.
        var vocabulary: [(token: [UInt8], score: Double)] = []
        var unknownID: Int32?
        var fallsBackToBytes = false
    }

    enum NormalizerStep: Sendable, Equatable {
        case prepend([UInt8])
        case replace([UInt8], with: [UInt8])
        case nfc, nfd
    }

    enum PreTokenizerStep: Sendable, Equatable {
        case pattern(WordPattern)
        case literal([UInt8], SplitBehavior, inverted: Bool)
        case digits(individual: Bool)
        case byteLevel(addsPrefixSpace: Bool, splitsWords: Bool)
        case metaspace([UInt8], PrependScheme, splits: Bool)
    }

    enum SplitBehavior: String, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    enum PrependScheme: String, Sendable { case always, first, never }

    /// One piece of the post-processor's template for a single text.
    enum TemplatePiece: Sendable, Equatable {
        case text
        case tokens([Int32])
    }

    enum DecoderStep: Sendable, Equatable {
        case byteLevel
        case replace([UInt8], with: [UInt8])
        case byteFallback
        case fuse
        case strip([UInt8], start: Int, stop: Int)
        case metaspace([UInt8], PrependScheme)
    }
}

/// A token that is found in the text before the model sees it.
package struct AddedToken: Sendable, Equatable {
    package var id: Int32
    /// UTF-8.
    package var content: [UInt8]
    /// Matches only where no word character touches it.
    package var isSingleWord = false
    /// Swallows the white space on that side.
    package var stripsLeft = false, stripsRight = false
    /// Is looked for in the normalised text.
    package var isNormalized = false
    package var isSpecial = true

    package var text: String { String(decoding: content, as: UTF8.self) }
}
