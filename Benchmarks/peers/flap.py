#!/usr/bin/env python3
"""FLAP (arXiv 2312.11983) in PyTorch and transformers, to confirm `selfpruner prune --method flap` from outside.

Usage: Benchmarks/peers/flap.py MODEL CALIBRATION_TEXT [--rate 0.3] [--calibration-tokens 131072] [--length 2048]
           [--wikitext wiki.test.raw] [--evaluation TEXT...] [--evaluation-tokens ALL] [--precision float32]
           [--threads N] [--json FILE]

Shares no code with the program, only the way in which Scripts/reference loads a checkpoint into transformers. Prints
JSON: the fraction removed, what every block keeps, and the perplexity of each text before and after.

What is done, as the paper and its program have it (structure AL-AM, metric WIFV):

    statistics   mean and variance of every input of o_proj and down_proj, all tokens counted alike
    score        variance times the squared norm of the weight's column; for o_proj the square of that
    comparison   standardised within each projection (mean 0, standard deviation 1); a head has the mean of its columns
    threshold    one for all heads and channels, so that what is kept comes to the budget in parameters
    compensation the mean of what a removed input added goes into a bias

With grouped-query attention a key/value head and its query heads go together; the group has the mean of its columns.
The budget is that of the program: of the decoder blocks' parameters at most 1 − rate are kept, the new biases counted.

SELFPRUNER_PYTHON names an interpreter with the packages of Scripts/reference/requirements.txt (else a virtual
environment in the cache folder, built on first use).
"""

import argparse
import json
import math
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "Scripts" / "reference"))

import environment

environment.run_in_reference_environment()

import torch
import transformers

import model as reference


def windows(ids, length, tokens=None):
    """Consecutive windows of the first `tokens` tokens, [count, length]; what is left over is dropped."""
    ids = ids[:tokens]
    count = len(ids) // length
    if count == 0:
        sys.exit(f"the text has {len(ids)} tokens, {length} are needed")
    return torch.tensor(ids[: count * length]).view(count, length)


def read(path):
    try:
        return pathlib.Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path} cannot be read: {error}")


def wikitext(path):
    """The rows of the Hugging Face data set (lines with their line break, blank ones empty) joined by two."""
    lines = [line + "\n" for line in read(path).split("\n")]
    lines[-1] = lines[-1][:-1]
    if not lines[-1]:
        lines.pop()
    return "\n\n".join(line if line.strip(" \r\t\n") else "" for line in lines)


class Fluctuation:
    """Mean and variance of the inputs of one projection, in float64."""

    def __init__(self, projection):
        self.sum = torch.zeros(projection.in_features, dtype=torch.float64)
        self.squares = torch.zeros(projection.in_features, dtype=torch.float64)
        self.tokens = 0
        self.hook = projection.register_forward_pre_hook(self.collect)

    def collect(self, _, arguments):
        rows = arguments[0].detach().flatten(0, -2).double()
        self.sum += rows.sum(dim=0)
        self.squares += rows.square().sum(dim=0)
        self.tokens += len(rows)

    @property
    def mean(self):
        return self.sum / self.tokens

    @property
    def variance(self):
        return self.squares / self.tokens - self.mean.square()


@torch.inference_mode()
def calibrate(model, rows):
    statistics = [(Fluctuation(layer.self_attn.o_proj), Fluctuation(layer.mlp.down_proj))
                  for layer in model.model.layers]
    for number, row in enumerate(rows, 1):
        model.model(row[None], use_cache=False)
        print(f"calibration: window {number} of {len(rows)}", file=sys.stderr)
    for pair in statistics:
        for one in pair:
            one.hook.remove()
    return statistics


def unit_scores(statistics, projection, units, is_attention):
    metric = statistics.variance * projection.weight.double().square().sum(dim=0)
    if is_attention:
        metric = metric.square()
    metric = (metric - metric.mean()) / metric.std()
    return metric.view(units, -1).mean(dim=1)


def masks(model, statistics, rate):
    """For every block which groups and which channels stay, and the parameters that are kept of all."""
    groups = model.config.num_key_value_heads
    scores, sizes, places = [], [], []
    fixed = 0
    total = 0
    for block, (layer, (attention, mlp)) in enumerate(zip(model.model.layers, statistics)):
        total += sum(weight.numel() for weight in layer.parameters())
        # Norms stay, and both output projections get a bias.
        fixed += sum(layer.get_submodule(name).weight.numel() for name in ("input_layernorm", "post_attention_layernorm"))
        fixed += layer.self_attn.o_proj.out_features + layer.mlp.down_proj.out_features
        of_group = sum(layer.self_attn.get_submodule(name).weight.numel()
                       for name in ("q_proj", "k_proj", "v_proj", "o_proj")) // groups
        of_channel = sum(layer.mlp.get_submodule(name).weight.numel()
                         for name in ("gate_proj", "up_proj", "down_proj")) // layer.mlp.down_proj.in_features
        for kind, found, size in (
                (0, unit_scores(attention, layer.self_attn.o_proj, groups, True), of_group),
                (1, unit_scores(mlp, layer.mlp.down_proj, layer.mlp.down_proj.in_features, False), of_channel)):
            scores.append(found)
            sizes.append(torch.full((len(found),), size, dtype=torch.int64))
            places += [(block, kind, unit) for unit in range(len(found))]
    scores, sizes = torch.cat(scores), torch.cat(sizes)
    stay = [(torch.zeros(groups, dtype=torch.bool), torch.zeros(layer.mlp.down_proj.in_features, dtype=torch.bool))
            for layer in model.model.layers]
    kept, limit = fixed, math.floor((1 - rate) * total)
    for index in scores.argsort(descending=True, stable=True).tolist():
        # A group that no longer fits leaves room for channels behind it.
        if kept + sizes[index].item() <= limit:
            block, kind, unit = places[index]
            stay[block][kind][unit] = True
            kept += sizes[index].item()
    return stay, kept, total


@torch.inference_mode()
def prune(model, statistics, stay):
    """Masks the columns that go, and adds the bias that makes up for their mean."""
    for layer, (attention, mlp), (groups, channels) in zip(model.model.layers, statistics, stay):
        for projection, found, units in ((layer.self_attn.o_proj, attention, groups), (layer.mlp.down_proj, mlp, channels)):
            columns = units.repeat_interleave(projection.in_features // len(units))
            weight = projection.weight.data
            bias = weight.double() @ torch.where(columns, 0.0, found.mean)
            if projection.bias is not None:
                bias += projection.bias.double()
            weight *= columns.to(weight.dtype)
            projection.bias = torch.nn.Parameter(bias.to(weight.dtype), requires_grad=False)


@torch.inference_mode()
def perplexity(model, rows, name):
    """Of every token of each window but its first."""
    total, scored = 0.0, 0
    for number, row in enumerate(rows, 1):
        logits = model(row[None], use_cache=False).logits[0, :-1].float()
        total += torch.nn.functional.cross_entropy(logits, row[1:], reduction="sum").item()
        scored += len(row) - 1
        print(f"{name}: window {number} of {len(rows)}", file=sys.stderr)
    return dict(perplexity=math.exp(total / scored), tokensScored=scored)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a GGUF file or a Hugging Face folder")
    parser.add_argument("calibration", help="a UTF-8 text")
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--calibration-tokens", type=int, default=131072)
    parser.add_argument("--length", type=int, default=2048, help="tokens of a window")
    parser.add_argument("--wikitext", help="a raw file of WikiText, joined as the literature does")
    parser.add_argument("--evaluation", nargs="*", default=[], help="texts, as they are")
    parser.add_argument("--evaluation-tokens", type=int, help="of each text at most; default: all")
    parser.add_argument("--skip-dense", action="store_true", help="leave out the perplexities before")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0))
                        if hasattr(os, "sched_getaffinity") else os.cpu_count())
    parser.add_argument("--json", metavar="FILE", help="write the result there too")
    arguments = parser.parse_args()
    if not 0 <= arguments.rate < 1:
        parser.error("--rate is at least 0 and less than 1")
    if arguments.length < 2 or arguments.threads < 1 or arguments.calibration_tokens < 2:
        parser.error("lengths, tokens and threads are positive numbers")

    torch.set_num_threads(arguments.threads)
    tokenizer = reference.load_tokenizer(arguments.model)
    calibration = windows(reference.encode(tokenizer, read(arguments.calibration)), arguments.length,
                          arguments.calibration_tokens)
    texts = {pathlib.Path(path).name: read(path) for path in arguments.evaluation}
    if arguments.wikitext:
        texts[pathlib.Path(arguments.wikitext).name] = wikitext(arguments.wikitext)
    texts = {name: windows(reference.encode(tokenizer, text), arguments.length, arguments.evaluation_tokens)
             for name, text in texts.items()}
    model = reference.load_model(arguments.model, getattr(torch, arguments.precision))

    before = {} if arguments.skip_dense else {name: perplexity(model, rows, name) for name, rows in texts.items()}
    start = time.perf_counter()
    statistics = calibrate(model, calibration)
    stay, kept, total = masks(model, statistics, arguments.rate)
    prune(model, statistics, stay)
    seconds = time.perf_counter() - start
    after = {name: perplexity(model, rows, name) for name, rows in texts.items()}

    result = dict(
        method="flap", model=arguments.model, rate=arguments.rate, removed=1 - kept / total, seconds=seconds,
        calibration=arguments.calibration, calibrationTokens=calibration.numel(), length=arguments.length,
        before=before, after=after,
        blocks=[dict(keyValueHeads=groups.sum().item(), channels=channels.sum().item()) for groups, channels in stay],
        precision=arguments.precision, threads=arguments.threads, torch=torch.__version__,
        transformers=transformers.__version__)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
