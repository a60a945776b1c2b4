"""The port for classifiers of task and complexity: the rules here, or a trained model.

A classifier runs in this process: no prompt leaves the machine to be classified.
"""

from __future__ import annotations

from typing import Protocol

from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.profiling.prompt_reading import PromptReading
from routersvc.domain.values import Value


class ClassifierSignal(Value, frozen=True, kw_only=True):
    """One piece of evidence with its weight. Never quotes the prompt."""

    description: str
    weight: float


class Classification(Value, frozen=True, kw_only=True):
    """Task and complexity, each with its evidence.

    `confidence` is the task's share of all evidence, `complexity` from 0 (trivial) to 1
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
    """Classifies prompts by task and complexity."""

    def classify(self, reading: PromptReading) -> Classification:
        """Return the task and its complexity. Never raises, does no I/O, quotes nothing.

        A task that the caller states is returned unchanged; the complexity may depend on it.
        """
        ...
