/// The Python file of models that transformers' own classes cannot express.
package enum RemoteCode {
    static let fileName = "modeling_selfpruner_llama.py"

    /// `auto_map` of config.json: which class of the file each of transformers' auto classes makes.
    static let autoMap = [
        "AutoConfig": "modeling_selfpruner_llama.SelfPrunerLlamaConfig",
        "AutoModel": "modeling_selfpruner_llama.SelfPrunerLlamaModel",
        "AutoModelForCausalLM": "modeling_selfpruner_llama.SelfPrunerLlamaForCausalLM",
    ]

    static var source: [UInt8] { PackageResources.modeling_selfpruner_llama_py }
}
