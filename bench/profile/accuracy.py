"""`python -m bench.profile.accuracy`: accuracy of task and complexity on labelled public prompts.

The rules were checked on one half of the prompts; the tables report on the other half, for which
no rule was changed. The hash of a prompt decides its half, so that duplicates stay together.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import os
import pathlib
import statistics
import sys
from collections.abc import Sequence

from bench.profile.labels import MAPPING, Labelled, labelled
from bench.profile.ranks import auc, spearman
from bench.tables import table
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.profiling.profiles import Profile, Profiler

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "bench/results/profile_accuracy.md"
Judged = tuple[Labelled, Profile]


def main() -> None:
    """Judge, print, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile.accuracy", description=__doc__)
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("ROUTERSVC_SHARED", ROOT.parent / "shared"))
        / "routing",
        help="folder of the labelled data (default: `routing` in ROUTERSVC_SHARED)",
    )
    parser.add_argument("--half", choices=("reported", "tuned"), default="reported")
    parser.add_argument("--write", action="store_true", help="write the file in bench/results")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"no labelled data in `{options.data}`: name its folder with --data")
    profiler = Profiler()
    everything = labelled(options.data)
    judged = [
        (one, profiler.profile(_request(one.prompt)))
        for one in everything
        if one.is_reported is (options.half == "reported")
    ]
    others = [one for one in everything if one.is_reported is not (options.half == "reported")]
    text = _report(judged, others, options.half)
    print(text)
    if options.write:
        RESULTS.write_text(f"{text}\n", encoding="utf-8")


def _request(prompt: str) -> Request:
    message = Message(role=Role.USER, parts=(TextPart(text=prompt),))
    return Request(request_id="bench", prompt=Prompt(messages=(message,)), timeout=1.0)


def _report(judged: Sequence[Judged], others: Sequence[Labelled], half: str) -> str:
    tasks = [(one, profile) for one, profile in judged if one.task is not None]
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return "\n".join(
        (
            "# Accuracy of the profile",
            "",
            (
                f"`python -m bench.profile.accuracy --write` on {today}: {len(judged):,} "
                f"labelled prompts of public sets, the {half} half; the rules were checked on "
                f"the other {len(others):,}. The rules are fitted to neither half: they "
                "describe words and structure in many languages, while these sets are in English "
                "and mostly exams."
            ),
            "",
            "| source | task | difficulty by |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in MAPPING),
            "",
            "## Task",
            "",
            _task_table(tasks, others),
            "",
            "By source; `n` prompts that have a task:",
            "",
            _source_table(tasks),
            "",
            "Confusion matrix: found (columns), labelled (rows):",
            "",
            _confusion(tasks),
            "",
            (
                "The labels of Arena-Hard come from the names of topics, two prompts each: a "
                "song about catfish stands in a topic of puzzles. MMLU-Pro's physics and "
                "chemistry are mostly calculations, which are as well called maths. ARC's "
                "questions come without their options and read like any question."
            ),
            "",
            "## Complexity",
            "",
            (
                "Compared with the measured difficulty of a prompt, within each source, because "
                "models and scoring differ between them. rho is Spearman's rank correlation; AUC "
                "the chance that of a prompt of the harder third and one of the easier third the "
                "harder has the higher figure, 0.5 being chance. Beside: the length of the "
                "prompt alone."
            ),
            "",
            _difficulty_table(judged),
        )
    )


def _task_table(tasks: Sequence[Judged], others: Sequence[Labelled]) -> str:
    right = sum(profile.task is one.task for one, profile in tasks)
    majority, by_length = _baselines(tasks, others)
    return table(
        ["", "right", "mean over tasks of recall"],
        [
            ["rules", _share(right / len(tasks)), _share(_macro_recall(tasks))],
            ["baseline: length of the prompt, by tenths", _share(by_length), "–"],
            ["baseline: always the commonest task", _share(majority), "–"],
        ],
    )


def _baselines(tasks: Sequence[Judged], others: Sequence[Labelled]) -> tuple[float, float]:
    """Return how often the commonest task is right, and the commonest of a tenth of lengths."""
    known = [(len(one.prompt), one.task) for one in others if one.task is not None]
    cuts = statistics.quantiles([length for length, _ in known], n=10)

    def tenth(length: int) -> int:
        return sum(length > cut for cut in cuts)

    commonest = collections.Counter(task for _, task in known).most_common(1)[0][0]
    by_tenth: dict[int, collections.Counter[Task]] = {}
    for length, task in known:
        by_tenth.setdefault(tenth(length), collections.Counter())[task] += 1
    guesses = {place: counter.most_common(1)[0][0] for place, counter in by_tenth.items()}
    return (
        sum(one.task is commonest for one, _ in tasks) / len(tasks),
        sum(one.task is guesses[tenth(len(one.prompt))] for one, _ in tasks) / len(tasks),
    )


def _macro_recall(tasks: Sequence[Judged]) -> float:
    right: dict[Task, list[bool]] = {}
    for one, profile in tasks:
        if one.task is not None:
            right.setdefault(one.task, []).append(profile.task is one.task)
    return statistics.mean(statistics.mean(hits) for hits in right.values())


def _source_table(tasks: Sequence[Judged]) -> str:
    by_source: dict[tuple[str, str], list[bool]] = {}
    for one, profile in tasks:
        if one.task is not None:
            key = (one.source, one.task.value)
            by_source.setdefault(key, []).append(profile.task is one.task)
    return table(
        ["source", "task", "n", "right"],
        [
            [source, task, f"{len(hits):,}", _share(statistics.mean(hits))]
            for (source, task), hits in sorted(by_source.items())
        ],
    )


def _confusion(tasks: Sequence[Judged]) -> str:
    pairs = collections.Counter((one.task, profile.task) for one, profile in tasks)
    meant = [task for task in Task if any(task is row for row, _ in pairs)]
    found = [task for task in Task if any(task is column for _, column in pairs)]
    return table(
        ["meant", *(task.value for task in found)],
        [[row.value, *(str(pairs[row, column]) for column in found)] for row in meant],
    )


def _difficulty_table(judged: Sequence[Judged]) -> str:
    by_source: dict[str, list[tuple[float, float, float]]] = {}
    for one, profile in judged:
        if one.difficulty is not None:
            row = (profile.kind[1], float(len(one.prompt)), one.difficulty)
            by_source.setdefault(one.source, []).append(row)
    rows: list[list[str]] = []
    weighed = [0.0, 0.0, 0.0, 0.0]
    total = 0
    for source, values in sorted(by_source.items()):
        complexity, length, difficulty = (list(column) for column in zip(*values, strict=True))
        figures = [
            spearman(complexity, difficulty),
            spearman(length, difficulty),
            auc(complexity, difficulty),
            auc(length, difficulty),
        ]
        weighed = [old + len(values) * new for old, new in zip(weighed, figures, strict=True)]
        total += len(values)
        rows.append([source, f"{len(values):,}", *(f"{figure:.2f}" for figure in figures)])
    rows.append(
        [
            "**all, weighed by n**",
            f"{total:,}",
            *(f"**{figure / total:.2f}**" for figure in weighed),
        ]
    )
    return table(["source", "n", "rho", "rho of length", "AUC", "AUC of length"], rows)


def _share(share: float) -> str:
    return f"{share * 100:.1f} %"


if __name__ == "__main__":
    main()
