/// A finite language of texts, by which a model's reply is constrained.
///
/// Text is UTF-8 bytes. Whatever is built from these is finite, so that a reply always ends.
package indirect enum Grammar: Sendable, Hashable {
    case literal(String)
    /// One of them; none at all accepts nothing.
    case choice([Grammar])
    /// A decimal number without sign or leading zeros; the part of the range below 0 is left out.
    case integer(ClosedRange<Int>)
    /// One after the other; none at all is the empty text.
    case sequence([Grammar])
    case optional(Grammar)
    /// Between 0 and `upTo` times.
    case repeated(Grammar, upTo: Int)
}
