"""The default classifier: rules for the task, then for its complexity."""

from __future__ import annotations

from routersvc.domain.profiling.classifiers import Classification
from routersvc.domain.profiling.complexity_rules import complexity_of
from routersvc.domain.profiling.prompt_reading import PromptReading
from routersvc.domain.profiling.task_rules import task_of
from routersvc.domain.profiling.text_shapes import shape_of


class RuleClassifier:
    """Classifies task and complexity by rules, without a model."""

    def classify(self, reading: PromptReading) -> Classification:
        """Return the task and its complexity."""
        asked = shape_of(reading.asked)
        task, confidence, task_signals = task_of(reading, asked)
        if reading.stated_task is not None:
            task, confidence, task_signals = reading.stated_task, 1.0, ()
        complexity, complexity_signals = complexity_of(reading, asked, task)
        return Classification(
            task=task,
            confidence=round(confidence, 3),
            complexity=complexity,
            task_signals=task_signals,
            complexity_signals=complexity_signals,
        )
