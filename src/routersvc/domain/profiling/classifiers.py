"""The port of whatever tells task and complexity of a request: the rules here, or a trained model.

A classifier runs in this process: no prompt leaves the machine in order to be classified.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

from routersvc.domain.catalogue.tasks import (
    Task,
)
from routersvc.domain.profiling.prompt_reading import (
    PromptReading,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierSignal:
    """One thing that speaks for a finding, and how much. Never quotes the prompt."""

    description: str
    weight: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """The task and how hard it is, each with what speaks for it.

    `confidence` is the share of all evidence that the task has, `complexity` from 0 (trivial) to 1
    (hardest).
    """

    task: Task
    confidence: float
    complexity: float
    task_signals: tuple[ClassifierSignal, ...] = ()
    complexity_signals: tuple[ClassifierSignal, ...] = ()

    def __post_init__(self) -> None:
        if not (0 <= self.complexity <= 1 and 0 <= self.confidence <= 1):
            raise ValueError("`complexity` and `confidence` lie between 0 and 1")


class Classifier(Protocol):
    """Tells task and complexity of what was read."""

    def classify(self, reading: PromptReading) -> Classification:
        """Return the task and its complexity. Never raises, does no I/O, quotes nothing.

        A task that the caller states is taken as it is; how hard it is may follow from it.
        """
        ...
