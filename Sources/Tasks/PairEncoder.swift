import Tokenization

/// A context with a continuation, in tokens.
package struct EncodedChoice: Sendable, Equatable {
    /// Context and continuation, no more than the model's positions and one.
    package var tokens: [Int32]
    /// The last tokens, which are the continuation's; at least one, and at least one stands before them.
    package var scored: Int
    /// Whether tokens at the beginning of the context were left out.
    package var isTruncated = false

    package init(tokens: [Int32], scored: Int, isTruncated: Bool = false) {
        precondition(scored > 0 && scored < tokens.count, "a choice has a context and a continuation")
        self.tokens = tokens
        self.scored = scored
        self.isTruncated = isTruncated
    }
}

/// Tokenises contexts with continuations as lm-evaluation-harness does for a causal model (`TemplateLM._encode_pair`,
/// `HFLM._loglikelihood_tokens`).
package struct PairEncoder: Sendable {
    private let tokenizer: Tokenizer
    private let maximumPositions: Int
    private let addsSpecialTokens: Bool
    /// In front of an empty context: begin of text, or end of text for tokenizers without.
    private let prefix: Int32?
    private let prefixText: String

    /// - Parameters:
    ///   - maximumPositions: of the model: contexts that are too long lose their beginning.
    ///   - addsSpecialTokens: puts around every text what the checkpoint's tokenizer does, as the harness does today; it
    ///     did not in its older versions.
    package init(_ tokenizer: Tokenizer, maximumPositions: Int, addsSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        self.maximumPositions = maximumPositions
        self.addsSpecialTokens = addsSpecialTokens
        prefix = tokenizer.beginOfTextToken ?? tokenizer.endOfTextToken
        prefixText = prefix.map { tokenizer.decode([$0], skippingSpecialTokens: false) } ?? ""
    }

    /// The choices of an item. Those of one context share its tokens.
    /// - Parameter file: the item's, for errors.
    /// - Throws: `TaskError.notScorable`.
    package func encode(_ item: TaskItem, file: String) throws(TaskError) -> [EncodedChoice] {
        var encoded: [EncodedChoice] = []
        var last: (context: String, split: Context)?
        for choice in item.choices {
            let context: Context
            if let last, last.context.utf8.elementsEqual(choice.context.utf8) {
                context = last.split
            } else {
                context = split(choice.context)
                last = (choice.context, context)
            }
            do {
                encoded.append(try encode(context, choice.continuation))
            } catch {
                throw TaskError(error.code, error.message, file: file, line: item.line)
            }
        }
        return encoded
    }

    /// - Throws: `TaskError.notScorable`.
    package func encode(_ context: String, _ continuation: String) throws(TaskError) -> EncodedChoice {
        try encode(split(context), continuation)
    }

    private struct Context {
        /// Without white space at its end.
        var text: String
        /// That white space, which goes to the continuation: there, it is part of its first token.
        var space: String
        var tokens: [Int32]
    }

    private func split(_ context: String) -> Context {
        let scalars = PythonText(context)
        let text = scalars.withoutTrailingSpace
        let head = PythonText(text).string
        return Context(
            text: head, space: PythonText(scalars[text.endIndex...]).string,
            tokens: head.isEmpty ? [] : tokens(head))
    }

    private func tokens(_ text: String) -> [Int32] {
        // A text that begins with that token itself gets no second one.
        let hasPrefix = !prefixText.isEmpty && text.utf8.starts(with: prefixText.utf8)
        return tokenizer.encode(text, addingSpecialTokens: addsSpecialTokens && !hasPrefix)
    }

    private func encode(_ context: Context, _ continuation: String) throws(TaskError) -> EncodedChoice {
        var before = context.tokens
        var after: [Int32]
        if context.text.isEmpty {
            after = tokenizer.encode(context.space + continuation, addingSpecialTokens: false)
            guard let prefix else {
                throw TaskError(
                    .notScorable, "The context is empty, and the tokenizer has no token that begins a text")
            }
            before = [prefix]
            if after.first == prefix { after.removeFirst() }
        } else {
            after = Array(tokens(context.text + context.space + continuation).dropFirst(before.count))
        }
        guard !after.isEmpty, !before.isEmpty else {
            throw TaskError(.notScorable, "The continuation \"\(continuation)\" has no tokens behind its context")
        }
        guard after.count <= maximumPositions else {
            throw TaskError(
                .notScorable,
                "The continuation's \(after.count) tokens are more than the model's \(maximumPositions) positions")
        }
        // The last token is scored, but not run.
        let all = before + after
        let kept = all.suffix(maximumPositions + 1)
        return EncodedChoice(tokens: Array(kept), scored: after.count, isTruncated: kept.count < all.count)
    }
}
