"""llama.cpp itself, by the C API of the library that the PyPI package xllamacpp brings; nothing of it is changed.

The package's Python interface is a server. Logits, perplexity and timings need the library's own functions, which it
exports; their signatures are those of llama.cpp's `include/llama.h`.
"""

import ctypes
import glob
import importlib.util
import os
import pathlib
import time

import numpy


class _Parameters(ctypes.Structure):
    """`llama_model_params` or `llama_context_params`: known by their first fields only, and passed with room to spare,
    which the calling conventions of every supported platform allow for a last argument in memory."""

    _fields_ = [("first", ctypes.c_uint32 * 3), ("rest", ctypes.c_uint8 * 1012)]


class _Batch(ctypes.Structure):
    _fields_ = [
        ("n_tokens", ctypes.c_int32),
        ("token", ctypes.POINTER(ctypes.c_int32)),
        ("embd", ctypes.POINTER(ctypes.c_float)),
        ("pos", ctypes.POINTER(ctypes.c_int32)),
        ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    ]


_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


@_LOG
def _collect(level, text, _):
    messages.append(text.decode("utf-8", "replace"))


messages: list[str] = []


def _library() -> ctypes.CDLL:
    package = importlib.util.find_spec("xllamacpp")
    files = glob.glob(os.path.join(os.path.dirname(package.origin), "xllamacpp.*.so")) if package else []
    if not files:
        raise ImportError("the package xllamacpp is not installed")
    library = ctypes.CDLL(files[0])
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    for name, result, arguments in [
        ("llama_backend_init", None, []),
        ("llama_log_set", None, [_LOG, pointer]),
        ("llama_model_default_params", _Parameters, []),
        ("llama_context_default_params", _Parameters, []),
        ("llama_model_load_from_file", pointer, [ctypes.c_char_p, _Parameters]),
        ("llama_init_from_model", pointer, [pointer, _Parameters]),
        ("llama_model_get_vocab", pointer, [pointer]),
        ("llama_vocab_n_tokens", integer, [pointer]),
        ("llama_model_n_params", ctypes.c_uint64, [pointer]),
        ("llama_model_desc", integer, [pointer, ctypes.c_char_p, ctypes.c_size_t]),
        ("llama_n_ctx", ctypes.c_uint32, [pointer]),
        ("llama_n_batch", ctypes.c_uint32, [pointer]),
        ("llama_n_ubatch", ctypes.c_uint32, [pointer]),
        ("llama_set_n_threads", None, [pointer, integer, integer]),
        ("llama_batch_init", _Batch, [integer, integer, integer]),
        ("llama_decode", integer, [pointer, _Batch]),
        ("llama_get_logits", ctypes.POINTER(ctypes.c_float), [pointer]),
        ("llama_get_memory", pointer, [pointer]),
        ("llama_memory_clear", None, [pointer, ctypes.c_bool]),
        ("llama_tokenize", integer, [
            pointer, ctypes.c_char_p, integer, ctypes.POINTER(integer), integer, ctypes.c_bool, ctypes.c_bool]),
        ("llama_free", None, [pointer]),
        ("llama_model_free", None, [pointer]),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.llama_log_set(_collect, None)
    library.llama_backend_init()
    return library


_loaded = None


class Llama:
    """A GGUF file in llama.cpp, one sequence of at most `context` tokens."""

    def __init__(self, path: str | pathlib.Path, context: int = 2048, threads: int | None = None):
        global _loaded
        _loaded = _loaded or _library()
        self.library = library = _loaded
        self.model = self.context = None
        messages.clear()
        self.model = library.llama_model_load_from_file(str(path).encode(), library.llama_model_default_params())
        if not self.model:
            reason = [line.strip() for line in messages if "rror" in line or "fail" in line]
            raise RuntimeError(f"llama.cpp does not load {path}: {reason[-1] if reason else 'it does not say why'}")
        parameters = library.llama_context_default_params()
        parameters.first[0] = context  # n_ctx
        parameters.first[1] = parameters.first[2] = min(context, 512)  # n_batch, n_ubatch
        self.context = library.llama_init_from_model(self.model, parameters)
        if not self.context or library.llama_n_ctx(self.context) < context or library.llama_n_batch(
                self.context) != min(context, 512):
            raise RuntimeError("this version of llama.cpp has other context parameters than this script knows")
        count = threads or os.cpu_count() or 1
        library.llama_set_n_threads(self.context, count, count)
        vocabulary = library.llama_model_get_vocab(self.model)
        self.vocabulary = vocabulary
        self.vocabulary_size = library.llama_vocab_n_tokens(vocabulary)
        self.batch = library.llama_batch_init(512, 0, 1)
        self.position = 0

    def close(self):
        if self.context:
            self.library.llama_free(self.context)
        if self.model:
            self.library.llama_model_free(self.model)
        self.model = self.context = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def parameters(self) -> int:
        return self.library.llama_model_n_params(self.model)

    @property
    def description(self) -> str:
        text = ctypes.create_string_buffer(256)
        self.library.llama_model_desc(self.model, text, 256)
        return text.value.decode()

    def tokenize(self, text: str) -> list[int]:
        """Token ids without BOS or any other addition; the spelling of special tokens is text."""
        data = text.encode()
        tokens = (ctypes.c_int32 * (len(data) + 8))()
        count = self.library.llama_tokenize(self.vocabulary, data, len(data), tokens, len(tokens), False, False)
        if count < 0:
            raise RuntimeError("llama.cpp does not tokenise the text")
        return list(tokens[:count])

    def clear(self):
        self.library.llama_memory_clear(self.library.llama_get_memory(self.context), True)
        self.position = 0

    def append(self, tokens: list[int], all_logits: bool = False) -> numpy.ndarray:
        """Runs tokens behind those so far; float32 logits of all of them, or of the last, [rows, vocabulary]."""
        rows = []
        for start in range(0, len(tokens), 512):
            part = tokens[start:start + 512]
            batch = self.batch
            batch.n_tokens = len(part)
            for place, token in enumerate(part):
                is_last = start + place == len(tokens) - 1
                batch.token[place] = token
                batch.pos[place] = self.position + place
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = 0
                batch.logits[place] = 1 if all_logits or is_last else 0
            if self.library.llama_decode(self.context, batch) != 0:
                raise RuntimeError("llama.cpp does not run the tokens")
            self.position += len(part)
            count = len(part) if all_logits else (1 if start + 512 >= len(tokens) else 0)
            if count:
                scores = self.library.llama_get_logits(self.context)
                rows.append(numpy.ctypeslib.as_array(scores, (count, self.vocabulary_size)).copy())
        return numpy.concatenate(rows)

    def logits(self, tokens: list[int]) -> numpy.ndarray:
        self.clear()
        return self.append(tokens, all_logits=True)

    def greedy(self, prompt: list[int], count: int) -> list[int]:
        self.clear()
        result = [int(self.append(prompt)[-1].argmax())]
        while len(result) < count:
            result.append(int(self.append(result[-1:])[-1].argmax()))
        return result

    def mean_nll(self, ids: list[int], window: int) -> tuple[float, int]:
        """Mean NLL in nats over consecutive whole windows, no BOS; and the tokens scored."""
        total, scored = 0.0, 0
        for start in range(0, len(ids) - window + 1, window):
            part = ids[start:start + window]
            scores = self.logits(part)[:-1].astype(numpy.float64)
            targets = numpy.array(part[1:])
            highest = scores.max(axis=1, keepdims=True)
            normal = numpy.log(numpy.exp(scores - highest).sum(axis=1)) + highest[:, 0]
            total += float((normal - scores[numpy.arange(len(targets)), targets]).sum())
            scored += len(targets)
        return total / scored, scored

    def prefill_speed(self, tokens: list[int]) -> float:
        """Tokens a second of a prompt, whose last logits only are wanted."""
        self.clear()
        start = time.perf_counter()
        self.append(tokens)
        return len(tokens) / (time.perf_counter() - start)

    def decode_speed(self, prompt: list[int], count: int) -> float:
        """Tokens a second, one at a time behind a prompt."""
        self.clear()
        token = int(self.append(prompt)[-1].argmax())
        start = time.perf_counter()
        for _ in range(count):
            token = int(self.append([token])[-1].argmax())
        return count / (time.perf_counter() - start)
