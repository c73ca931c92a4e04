"""transformers' side of Benchmarks/prefill: loads once, then answers commands on standard input with JSON lines.

Runs in the reference environment (Scripts/reference). Arguments: MODEL TEXT PRECISION THREADS SEQUENCES LENGTH.

    nll        mean negative log-likelihood of the sequences (untimed sanity check)
    run N      one timed forward of all sequences in batches of N, logits at every position, nothing else
    rate       GFLOP/s of the model's own matrix products through PyTorch's bundled oneDNN, and through
               torch.nn.functional.linear
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Scripts" / "reference"))

import torch
import transformers

import model as reference

ROWS = 2048


class Side:
    def __init__(self, path, text, precision, threads, sequences, length):
        torch.set_num_threads(threads)
        self.dtype = getattr(torch, precision)
        tokenizer = reference.load_tokenizer(path)
        ids = reference.encode(tokenizer, pathlib.Path(text).read_bytes().decode("utf-8"))
        if len(ids) < sequences * length:
            sys.exit(f"the text has {len(ids)} tokens, {sequences * length} are needed")
        self.length = length
        self.ids = ids[: sequences * length]
        self.batch = torch.tensor(self.ids).view(sequences, length)
        self.model = reference.load_model(path, self.dtype)

    def ready(self):
        return dict(
            torch=torch.__version__, transformers=transformers.__version__, threads=torch.get_num_threads(),
            attention=self.model.config._attn_implementation, flopPerToken=self.flop_per_token())

    def nll(self):
        value, scored = reference.mean_nll(self.model, self.ids, self.length)
        return dict(negativeLogLikelihood=value, tokensScored=scored)

    @torch.inference_mode()
    def run(self, batch_size):
        start = time.perf_counter()
        for rows in self.batch.split(batch_size):
            logits = self.model(rows, use_cache=False).logits
            assert logits.shape[:2] == rows.shape
            del logits
        seconds = time.perf_counter() - start
        return dict(tokensPerSecond=self.batch.numel() / seconds)

    def shapes(self):
        """(outputs, inputs, times a forward) of the matrix products, read off the loaded layers."""
        counts = {}
        for module in self.model.modules():
            if isinstance(module, torch.nn.Linear):
                shape = tuple(module.weight.shape)
                counts[shape] = counts.get(shape, 0) + 1
        return [(*shape, count) for shape, count in counts.items()]

    def flop_per_token(self):
        """Multiplications and additions a token: projections, head and causal attention (half the square)."""
        config = self.model.config
        head = 2 * config.hidden_size * config.vocab_size
        linear = sum(2 * rows * columns * count for rows, columns, count in self.shapes())
        # Scores and mixing: two products over the positions up to the token's own, on average (length + 1) / 2.
        attention = 0
        for layer in self.model.model.layers:
            width = getattr(getattr(layer, "self_attn", None), "q_proj", None)
            attention += 2 * 2 * width.out_features * (self.length + 1) / 2 if width is not None else 0
        return dict(projections=linear - head, head=head, attention=attention, total=linear + attention)

    @torch.no_grad()
    def rate(self):
        flop = onednn = linear = 0.0
        for rows, columns, count in self.shapes():
            x = torch.randn(ROWS, columns).to(self.dtype)
            weight = torch.randn(rows, columns).to(self.dtype)
            # What torch.compile emits for a linear layer: oneDNN's inner product on weights it has laid out.
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
            flop += count * 2 * ROWS * rows * columns
            onednn += count * typical(lambda: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], ""))
            linear += count * typical(lambda: torch.nn.functional.linear(x, weight))
        return dict(oneDNN=flop / onednn / 1e9, functionalLinear=flop / linear / 1e9)


def typical(action, budget=0.25):
    """Median seconds of `action` over at least three calls and `budget` seconds, after one warm-up."""
    action()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < budget or len(times) < 3:
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def main():
    path, text, precision, *numbers = sys.argv[1:]
    side = Side(path, text, precision, *map(int, numbers))
    print(json.dumps(side.ready()), flush=True)
    for line in sys.stdin:
        command, *values = line.split()
        answer = {"nll": side.nll, "run": side.run, "rate": side.rate}[command](*map(int, values))
        print(json.dumps(answer), flush=True)


main()
