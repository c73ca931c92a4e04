"""lm-evaluation-harness, unmodified, on local files in place of the hub's data sets.

A task is the harness's own declaration. Only where its data come from is changed: to a file in the format that
`selfpruner fetch tasks` writes.
"""

import copy
import logging
import pathlib
import time

import lm_eval.tasks
import torch
from lm_eval import simple_evaluate
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks._yaml_loader import load_yaml

logging.getLogger("lm_eval").setLevel(logging.ERROR)

# Declaration within the harness, and the beginning of the data files' names.
TASKS = {
    "boolq": ("super_glue/boolq/default.yaml", "boolq"),
    "piqa": ("piqa/piqa.yaml", "piqa"),
    "hellaswag": ("hellaswag/hellaswag.yaml", "hellaswag"),
    "winogrande": ("winogrande/default.yaml", "winogrande_xl"),
    "arc_easy": ("arc/arc_easy.yaml", "arc_easy"),
    "arc_challenge": ("arc/arc_challenge.yaml", "arc_challenge"),
    "openbookqa": ("openbookqa/openbookqa.yaml", "openbookqa"),
}


def load_task(name: str, folder: pathlib.Path, cache: str, shots: int = 0) -> ConfigurableTask:
    """The harness's task, with the validation file in `folder` for its questions."""
    path, stem = TASKS[name]
    declared = load_yaml(pathlib.Path(lm_eval.tasks.__file__).parent / path)
    for key in ("tag", "group", "task_list"):
        declared.pop(key, None)
    files = {"validation": str(folder / f"{stem}_validation.jsonl")}
    if shots:
        files["train"] = str(folder / f"{stem}_train.jsonl")
    declared.update(
        dataset_path="json", dataset_name=None, dataset_kwargs=dict(data_files=files, cache_dir=cache),
        training_split="train" if shots else None, num_fewshot=shots)
    # Where there is a test set the harness takes it for its questions; ours are the validation set.
    if declared.get("test_split") is not None:
        declared["test_split"] = "validation"
    if name == "boolq":
        # SuperGLUE has a number in `label` where BoolQ itself has a boolean in `answer`, and a page's title before each
        # passage, which BoolQ has not: here it is BoolQ's own questions that both are asked.
        declared["doc_to_target"] = "{{[false, true].index(answer)}}"
    return ConfigurableTask(config=declared)


class Harness:
    """A model in the harness's `hf` backend."""

    def __init__(self, model, tokenizer, batch_size: int):
        self.lm = HFLM(
            pretrained=model, tokenizer=tokenizer, backend="causal", batch_size=batch_size, device="cpu")
        self.double = None

    def run(self, task: ConfigurableTask, limit: int | None) -> dict:
        """Per question the log-likelihoods of its choices; accuracies; seconds of tokenising and scoring."""
        seconds = 0.0
        scored = self.lm.loglikelihood

        def timed(requests, **options):
            nonlocal seconds
            start = time.monotonic()
            # Its bar shows although the environment turns off those that do not ask: this is the part that takes hours.
            result = scored(requests, **options)
            seconds += time.monotonic() - start
            return result

        self.lm.loglikelihood = timed
        try:
            # Accuracies need no resampling for their standard errors, but without any the harness gives none.
            results = simple_evaluate(
                model=self.lm, tasks=[task], limit=limit, num_fewshot=task.config.num_fewshot, bootstrap_iters=1,
                log_samples=True)
        finally:
            self.lm.loglikelihood = scored
        name = task.config.task
        figures = results["results"][name]
        questions = [
            dict(
                logLikelihoods=[answer[0] for answer in sample["filtered_resps"]],
                greedy=[bool(answer[1]) for answer in sample["filtered_resps"]],
                arguments=[tuple(arguments) for arguments in sample["arguments"]],
                right=sample["acc"] == 1.0,
                rightNormalized=sample["acc_norm"] == 1.0 if "acc_norm" in sample else None,
            )
            for sample in sorted(results["samples"][name], key=lambda sample: sample["doc_id"])
        ]
        return dict(
            questions=questions, seconds=seconds, version=results["versions"].get(name),
            accuracy=figures["acc,none"], accuracyStandardError=figures["acc_stderr,none"],
            normalizedAccuracy=figures.get("acc_norm,none"),
            normalizedAccuracyStandardError=figures.get("acc_norm_stderr,none"))

    @torch.inference_mode()
    def exact(self, question: dict) -> list[float]:
        """Log-likelihoods of the choices in float64, each by itself; computed once a question."""
        if "exact" not in question:
            question["exact"] = self._exact(question)
        return question["exact"]

    def _exact(self, question: dict) -> list[float]:
        if self.double is None:
            self.double = copy.deepcopy(self.lm.model).double()
        values = []
        for context, continuation in question["arguments"]:
            before, scored = self.lm._encode_pair(context, continuation)
            ids = torch.tensor([before + scored])
            output = self.double(ids[:, :-1], use_cache=False, logits_to_keep=len(scored))
            logs = torch.log_softmax(output.logits[0], -1)
            values.append(sum(row[token].item() for row, token in zip(logs, scored)))
        return values

    def token_counts(self, question: dict) -> list[int]:
        """Tokens of each continuation."""
        return [
            len(self.lm._encode_pair(context, continuation)[1]) if context else len(self.lm.tok_encode(continuation))
            for context, continuation in question["arguments"]
        ]
