"""Estimates the complexity of a task by rules.

Each signal adds to a sum, which a logistic curve maps to [0, 1]. The task sets the start of the
sum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.profiling.classifiers import ClassifierSignal
from routersvc.domain.profiling.prompt_reading import PromptReading
from routersvc.domain.profiling.task_words import CONDITIONS, THINKING
from routersvc.domain.profiling.text_shapes import TextShape

_START: Mapping[Task, float] = MappingProxyType(
    {
        Task.CHAT: -1.8,
        Task.CODE: -0.6,
        Task.REASONING: -0.4,
        Task.MATHS: -0.7,
        Task.EXTRACTION: -1.2,
        Task.SUMMARISATION: -1.0,
        Task.CREATIVE: -1.0,
        Task.TRANSLATION: -1.3,
        Task.VISION: -0.8,
        Task.AUDIO: -0.8,
        Task.LONG_DOCUMENT: 0.0,
        Task.TOOL_USE: -0.4,
    }
)

_EFFORT: Mapping[ReasoningEffort, float] = MappingProxyType(
    {
        ReasoningEffort.NONE: -0.4,
        ReasoningEffort.MINIMAL: -0.3,
        ReasoningEffort.LOW: 0.0,
        ReasoningEffort.MEDIUM: 0.5,
        ReasoningEffort.HIGH: 1.0,
        ReasoningEffort.XHIGH: 1.2,
        ReasoningEffort.MAXIMUM: 1.4,
        # The caller leaves it to the model, and so says nothing of the task.
        ReasoningEffort.ADAPTIVE: 0.0,
    }
)

_ORDINARY_LENGTH = 160
"""Characters of a turn of average length."""


def complexity_of(
    reading: PromptReading, asked: TextShape, task: Task
) -> tuple[float, tuple[ClassifierSignal, ...]]:
    """Return the complexity of a task and the signals for and against it."""
    words = set(asked.words)
    weights = {
        f"the task is {task.value.replace('_', ' ')}": _START[task],
        "the length of the last user turn": _length(reading.asked_length),
        "words that ask for thought": min(1.2, 0.4 * len(words & THINKING)),
        "conditions on the answer": min(0.8, 0.15 * len(words & CONDITIONS)),
        "formulae": min(1.2, 0.2 * asked.formulae),
        "numbers to work with": min(0.8, 0.08 * asked.numbers),
        "lines of code": min(0.8, 0.04 * asked.code_marks),
        "several requests in one turn": min(
            0.6, 0.08 * asked.items + 0.1 * max(0, asked.questions - 1)
        ),
        "tools to choose from": min(0.6, 0.08 * reading.tools),
        "turns so far": min(0.4, 0.05 * max(0, reading.user_turns - 1)),
        "the size of the material": min(0.8, 0.25 * math.log10(1 + reading.length / 10_000)),
        "the requested reasoning effort": 0.0
        if reading.effort is None
        else _EFFORT[reading.effort],
    }
    complexity = 1 / (1 + math.exp(-sum(weights.values())))
    signals = sorted(
        (
            ClassifierSignal(description=description, weight=round(weight, 2))
            for description, weight in weights.items()
            if abs(weight) >= 0.05  # noqa: PLR2004 - less moves the figure by no more than 0.01
        ),
        key=lambda signal: (-abs(signal.weight), signal.description),
    )
    return round(complexity, 3), tuple(signals)


def _length(characters: int) -> float:
    return max(-0.8, min(1.0, 0.6 * math.log10(max(1, characters) / _ORDINARY_LENGTH)))
