"""Loads a checkpoint into transformers, independently of this project's readers, and scores text with it."""

import pathlib

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()


def load_model(path: str, dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    """The model of a GGUF file or a Hugging Face folder, dequantised, in evaluation mode.

    `config.json` folders that bring their own modeling file (`auto_map`) run that file.
    """
    location = pathlib.Path(path)
    if location.is_dir():
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, trust_remote_code=True)
        return model.eval()
    loaded = AutoModelForCausalLM.from_pretrained(str(location.parent), gguf_file=location.name, dtype=torch.float32)
    # transformers treats a model from a GGUF file as quantised for good, and refuses to save it; an ordinary
    # LLaMA with the same float32 weights is what we compare with.
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = LlamaForCausalLM(config)
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config
    return model.to(dtype).eval()


def load_tokenizer(path: str):
    """The tokenizer of a GGUF file or a Hugging Face folder."""
    location = pathlib.Path(path)
    if location.is_dir():
        return AutoTokenizer.from_pretrained(path, trust_remote_code=True)
    tokenizer = AutoTokenizer.from_pretrained(str(location.parent), gguf_file=location.name)
    # transformers ignores `tokenizer.ggml.pre`: SmolLM's tokenizer.json splits digits off before GPT-2's pattern
    # runs, which changes how the blanks before a number are cut.
    if _gguf_string(path, "tokenizer.ggml.pre") == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ])
    return tokenizer


def encode(tokenizer, text: str) -> list[int]:
    """Token ids without BOS or any other addition."""
    return tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids


@torch.inference_mode()
def logits(model: torch.nn.Module, ids: list[int]) -> torch.Tensor:
    """Float32 logits [tokens, vocabulary]."""
    return model(torch.tensor([ids]), use_cache=False).logits[0].float()


@torch.inference_mode()
def summed_nll(model: torch.nn.Module, ids: list[int]) -> tuple[float, int]:
    """Negative log-likelihood in nats summed over ids[1...] in float64, and how many tokens that is."""
    scores = logits(model, ids)[:-1]
    targets = torch.tensor(ids[1:])
    total = 0.0
    # In slices: float64 log-probabilities of a whole window would take gigabytes.
    for start in range(0, len(targets), 256):
        part = torch.log_softmax(scores[start : start + 256].double(), dim=-1)
        total -= part.gather(1, targets[start : start + 256, None]).sum().item()
    return total, len(targets)


def mean_nll(model: torch.nn.Module, ids: list[int], window: int) -> tuple[float, int]:
    """Mean NLL over consecutive whole windows of `window` tokens, no BOS; and the tokens scored."""
    total, scored = 0.0, 0
    for start in range(0, len(ids) - window + 1, window):
        part, count = summed_nll(model, ids[start : start + window])
        total, scored = total + part, scored + count
    return total / max(scored, 1), scored


@torch.inference_mode()
def greedy(model: torch.nn.Module, ids: list[int], count: int) -> tuple[list[int], list[float]]:
    """Greedy continuation of up to `count` tokens with a KV cache, and the gap of the two best logits at each.

    Stops after an end-of-text token, which is part of the result.
    """
    stops = end_of_text(model)
    made, gaps, cache = [], [], None
    step = torch.tensor([ids])
    while len(made) < count:
        output = model(step, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        best = output.logits[0, -1].float().topk(2)
        made.append(best.indices[0].item())
        gaps.append((best.values[0] - best.values[1]).item())
        if made[-1] in stops:
            break
        step = torch.tensor([[made[-1]]])
    return made, gaps


def end_of_text(model: torch.nn.Module) -> set[int]:
    """The ids at which generation ends."""
    stop = model.generation_config.eos_token_id
    if stop is None:
        stop = model.config.eos_token_id
    return set() if stop is None else {stop} if isinstance(stop, int) else set(stop)


def read_text(path: str) -> str:
    """A text file's content, bytes kept; the `<doc …>` and `</doc>` lines of Wikipedia extracts are left out."""
    lines = pathlib.Path(path).read_bytes().decode("utf-8").split("\n")
    return "\n".join(line for line in lines if not line.startswith(("<doc ", "</doc>")))


def _gguf_string(path: str, key: str) -> str | None:
    from gguf import GGUFReader

    field = GGUFReader(path).fields.get(key)
    return field.contents() if field else None
