/// An architecture as data: which weights a block has, what they are called in each format, which shapes they have
/// and which structured unit their rows or columns belong to. Supporting another LLaMA-like family is one more value
/// of this type (see `Architecture+Llama.swift`).
package struct Architecture: Sendable, Equatable {
    /// The value of `general.architecture` in GGUF, and the prefix of its keys, of a model whose blocks are all alike.
    package var ggufName: String
    /// The same of a model whose blocks differ: `deci` is what llama.cpp calls a LLaMA with one size for every block
    /// (made for Deci's and NVIDIA's Nemotron models).
    package var ggufNamePerBlock: String
    /// The values of `model_type` in `config.json` that mean this architecture.
    package var modelTypes: [String]
    package var weights: [Declaration]

    package struct Declaration: Sendable, Equatable {
        package var role: Weight.Role
        /// Key in a Hugging Face checkpoint; `{block}` stands for the block index.
        package var huggingFaceKey: String
        /// Key in a GGUF file; `{block}` stands for the block index.
        package var ggufKey: String
        /// The Hugging Face key of what is left of this bias in a block whose sublayer is gone: another one, since tools
        /// that look for a linear layer under the key above would not find one.
        package var constantKey: String?
        package var rows: Extent
        /// `nil` for vectors.
        package var columns: Extent?
        package var presence: Presence
        /// llama.cpp stores the rows of q and k of this weight interleaved per head; reading undoes it.
        package var isRotaryPermutedInGGUF: Bool
    }

    /// A symbolic dimension.
    package enum Extent: Sendable, Equatable {
        case hidden, vocabulary
        /// Query heads × head size: pruned by key/value group, H/G heads at a time.
        case queryWidth
        /// Key/value heads × head size: pruned by key/value group.
        case keyValueWidth
        /// Pruned channel by channel.
        case channels
    }

    package enum Presence: Sendable, Equatable {
        case always
        /// Absent when the head is tied to the token embedding.
        case unlessTied
        /// Present when the model has these biases.
        case bias(Biases)
        /// Present when the block keeps its attention (or its MLP).
        case withAttention, withMLP
    }

    package static let all: [Architecture] = [.llama]

    /// Every value of `general.architecture` that means this architecture.
    package var ggufNames: [String] { [ggufName, ggufNamePerBlock] }
}
