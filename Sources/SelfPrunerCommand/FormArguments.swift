import ArgumentParser
import SelfPruner

/// In which form a model is written: of `prune` and `export`.
struct FormArguments: ParsableArguments {
    @Option(
        help: """
            hf (a Hugging Face folder; where blocks differ, transformers loads it with trust_remote_code), hf-padded \
            (the same filled up with zeros for transformers' own LLaMA) or gguf (for llama.cpp).
            """)
    var format = OutputForm.Format.hf

    @Option(
        help: """
            How a GGUF file stores weights: auto (the input's type), f32, f16, bf16, q8_0, q6_k, q5_k_m, q5_k_s, \
            q5_1, q5_0, q4_k_m, q4_k_s, q4_1 or q4_0.
            """)
    var quantize = OutputForm.Quantization.auto

    @Option(
        help: """
            How a Hugging Face folder stores weights: auto (the input's type; bfloat16 for quantised input), float32, \
            float16 or bfloat16.
            """)
    var elementType = OutputForm.ElementType.auto

    @Option(help: "Split a Hugging Face folder's weights into files of at most this size. (default: 5GB)")
    var maxShardSize: MemoryAmount?

    /// Only a GGUF model is one file; in another form the name of one would become a folder's.
    func isMisnamed(_ output: String) -> Bool { format != .gguf && Self.isFile(output) }

    /// Whether that is how a GGUF file is called.
    static func isFile(_ output: String) -> Bool { output.lowercased().hasSuffix(".gguf") }

    var form: OutputForm {
        var form = OutputForm(format)
        form.quantization = quantize
        form.elementType = elementType
        form.maximumShardBytes = maxShardSize?.bytes
        return form
    }
}
