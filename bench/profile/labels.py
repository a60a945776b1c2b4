"""The labelled prompts, with task and measured difficulty by source.

Labels come from the sources, never from reading the prompts. Difficulty is measured: the share of
models that got a question wrong, or the steps of its solution. `MAPPING` says it source by source.
Sets whose prompts do not say what is wanted have no task: OpenBookQA's are sentences without their
options, CommonGen's bare lists of words.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import pathlib
from collections.abc import Iterator
from typing import Any

import orjson

from bench.profile import arena_clusters
from routersvc.domain.catalogue.tasks import Task

MAPPING = (
    ("Arena-Hard", "by the name of its cluster (`bench/profile/arena_clusters.py`)", "none"),
    ("GSM8K, every eighth", "maths", "steps of the solution"),
    ("MMLU-Pro", "math: maths; physics, chemistry, engineering: reasoning", "29 models"),
    ("RouteLLM's MMLU", "none", "GPT-4 and Mixtral 8x7B"),
    (
        "LLMRouter",
        (
            "gsm8k, math, mgsm: maths; mbpp, human_eval: code; gpqa, logicgrid, arc_challenge: "
            "reasoning; natural_qa, trivia_qa: chat"
        ),
        "9 models",
    ),
    ("ZeroEval", "crux: code; math-l5: maths", "51 and 41 models"),
)
"""Source, where its task comes from, whose answers its difficulty comes from."""

_MMLU_PRO = {
    "math": Task.MATHS,
    "physics": Task.REASONING,
    "chemistry": Task.REASONING,
    "engineering": Task.REASONING,
}
_LLMROUTER = {
    "gsm8k": Task.MATHS,
    "math": Task.MATHS,
    "agentverse-mgsm": Task.MATHS,
    "mbpp": Task.CODE,
    "human_eval": Task.CODE,
    "gpqa": Task.REASONING,
    "agentverse-logicgrid": Task.REASONING,
    "arc_challenge": Task.REASONING,
    "natural_qa": Task.CHAT,
    "trivia_qa": Task.CHAT,
}
_ZEROEVAL = {"crux": Task.CODE, "math-l5": Task.MATHS}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """A labelled prompt; `difficulty` is comparable only within a source."""

    source: str
    prompt: str
    task: Task | None
    difficulty: float | None

    @property
    def is_reported(self) -> bool:
        """Whether it is in the reported half; the rules were checked on the other half."""
        return hashlib.sha256(self.prompt.strip().lower().encode()).digest()[0] % 2 == 1


def labelled(folder: pathlib.Path) -> list[Labelled]:
    """Return all labelled prompts, each once."""
    seen: set[str] = set()
    unique: list[Labelled] = []
    for one in _all(folder):
        key = one.prompt.strip().lower()
        if key not in seen:
            seen.add(key)
            unique.append(one)
    return unique


def _all(folder: pathlib.Path) -> Iterator[Labelled]:
    for row in _rows(folder / "arena_hard_500.parquet"):
        task = arena_clusters.TASKS.get(row["cluster"])
        if task is not None:
            yield Labelled(source="arena-hard", prompt=row["prompt"], task=task, difficulty=None)
    for row in _rows(folder / "gsm8k_train_questions.parquet")[::8]:
        steps = float(row["answer"].count("<<"))
        yield Labelled(source="gsm8k", prompt=row["question"], task=Task.MATHS, difficulty=steps)
    for row in _rows(folder / "mmlu_pro_models.parquet"):
        yield Labelled(
            source="mmlu-pro",
            prompt=f"{row['question']}\n{_lettered(row['options'])}",
            task=_MMLU_PRO.get(row["category"]),
            difficulty=_share_wrong(row),
        )
    for row in _rows(folder / "routellm_mmlu.parquet"):
        wrong = (not row["weak"]) + (not row["strong"])
        yield Labelled(
            source="routellm-mmlu", prompt=row["prompt"], task=None, difficulty=wrong / 2
        )
    for row in _rows(folder / "llmrouter_9models.parquet"):
        scores = [
            value
            for name, value in row.items()
            if name not in {"split", "task", "metric", "question"} and value is not None
        ]
        yield Labelled(
            source=f"llmrouter {row['task']}",
            prompt=row["question"],
            task=_LLMROUTER.get(row["task"]),
            difficulty=1 - sum(scores) / len(scores),
        )
    for name in ("crux", "math-l5"):
        for row in _rows(folder / f"zeroeval_{name}.parquet"):
            yield Labelled(
                source=f"zeroeval {name}",
                prompt=row["prompt"],
                task=_ZEROEVAL[row["task"]],
                difficulty=_share_wrong(row),
            )


def _rows(path: pathlib.Path) -> list[dict[str, Any]]:
    # It has no types, so that it is imported as a value.
    parquet: Any = importlib.import_module("pyarrow.parquet")
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def _share_wrong(row: dict[str, Any]) -> float:
    right = [
        value
        for name, value in row.items()
        if isinstance(value, bool) and name != "in_routellm_mmlu"
    ]
    return 1 - sum(right) / len(right)


def _lettered(options: str) -> str:
    listed: list[str] = orjson.loads(options)
    return "\n".join(
        f"{letter}. {text}" for letter, text in zip("ABCDEFGHIJ", listed, strict=False)
    )
