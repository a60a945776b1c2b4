"""Classifies the task by rules: request words in many languages, and the form of the prompt.

Evidence is added up per task and the task with the most wins; the default is chat. The weights are
set by hand, checked on the half of the labelled prompts that
`bench.profile.accuracy` does not report on.
"""

from __future__ import annotations

from collections.abc import Iterable

from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.tools import ToolChoiceMode
from routersvc.domain.profiling.classifiers import ClassifierSignal
from routersvc.domain.profiling.prompt_reading import PromptReading
from routersvc.domain.profiling.task_words import (
    CODE_THINGS,
    MAKING,
    QUANTITY_QUESTIONS,
    STEMS,
    WORDS,
)
from routersvc.domain.profiling.text_shapes import TextShape
from routersvc.domain.profiling.writing_systems import WritingSystem, writing_of

LONG_DOCUMENT_TOKENS = 24_000
"""From this size on a prompt counts as a long document."""

_ENDS = 28
"""Words at the start and at the end of a turn that are searched for request words."""

_SCRIPT_SAMPLE = 200
"""Characters at the start and at the end that determine the writing systems of a turn."""

_IN_THE_MIDDLE = 0.3
_INSTRUCTIONS = 0.45
_EARLIER = 0.3
_MOST_OF_WORDS = 4.5

_CODE_MARKS = 4
"""With at least so many code marks, operators and numbers count as code."""


class TaskEvidence:
    """Evidence for each task, while it is collected."""

    def __init__(self) -> None:
        self._weights: dict[Task, dict[str, float]] = {}

    def add(self, task: Task, description: str, weight: float) -> None:
        """Add evidence for a task."""
        if weight > 0:
            signals = self._weights.setdefault(task, {})
            signals[description] = signals.get(description, 0.0) + weight

    def result(self) -> tuple[Task, float, tuple[ClassifierSignal, ...]]:
        """Return the task, its share of all evidence, and its signals by descending weight."""
        totals = {task: sum(signals.values()) for task, signals in self._weights.items()}
        # The order of the contract breaks ties.
        task = max((one for one in Task if one in totals), key=totals.__getitem__)
        signals = tuple(
            ClassifierSignal(description=description, weight=round(weight, 2))
            for description, weight in sorted(
                self._weights[task].items(), key=lambda item: (-item[1], item[0])
            )
        )
        return task, totals[task] / sum(totals.values()), signals


def task_of(
    reading: PromptReading, asked: TextShape
) -> tuple[Task, float, tuple[ClassifierSignal, ...]]:
    """Return the task, its share of all evidence, and its signals."""
    evidence = TaskEvidence()
    evidence.add(Task.CHAT, "the default of every request", 1.2)
    _weigh_words(asked.words, asked.lowered, 1.0, "words of the last user turn", evidence)
    for text, factor, name in (
        (reading.instructions, _INSTRUCTIONS, "words of the instructions"),
        (reading.earlier, _EARLIER, "words of earlier turns"),
    ):
        if text:
            lowered = text.lower()
            _weigh_words(tuple(lowered.split()), lowered, factor, name, evidence)
    _weigh_shape(asked, evidence)
    _weigh_attachments(reading, evidence)
    return evidence.result()


def _weigh_words(
    words: tuple[str, ...], lowered: str, factor: float, name: str, evidence: TaskEvidence
) -> None:
    found = WORDS.keys() & set(words)
    weights: dict[Task, float] = {}
    ends = {*words[:_ENDS], *words[-_ENDS:]} if found else set[str]()
    for word in sorted(found):
        place = 1.0 if word in ends else _IN_THE_MIDDLE
        for task, weight in WORDS[word]:
            weights[task] = weights.get(task, 0.0) + place * weight
    if not lowered.isascii():
        for task, weight in _stems(lowered):
            weights[task] = weights.get(task, 0.0) + weight
    for task, weight in weights.items():
        evidence.add(task, name, factor * min(_MOST_OF_WORDS, weight))


def _stems(lowered: str) -> Iterable[tuple[Task, float]]:
    scripts = writing_of(lowered[:_SCRIPT_SAMPLE] + lowered[-_SCRIPT_SAMPLE:]).beyond_ascii
    found: dict[str, tuple[Task, float]] = {}
    for script in scripts:
        if script in STEMS and script is not WritingSystem.LATIN:
            for stem, task, weight in STEMS[script]:
                if stem in lowered:
                    found[stem] = (task, weight)
    return found.values()


def _weigh_shape(asked: TextShape, evidence: TaskEvidence) -> None:
    if asked.fences:
        evidence.add(Task.CODE, "blocks of code", 2.0)
    if asked.code_marks > 1:
        evidence.add(Task.CODE, "lines that look like code", min(4.5, 0.8 * asked.code_marks))
    opening = {*asked.words[:_ENDS]}
    if opening & MAKING and opening & CODE_THINGS:
        evidence.add(Task.CODE, "a request for code", 2.0)
    if asked.formulae:
        evidence.add(Task.MATHS, "formulae", min(4.0, 0.9 * asked.formulae))
    is_code = asked.code_marks >= _CODE_MARKS
    if asked.arithmetic and not is_code:
        evidence.add(Task.MATHS, "arithmetic", min(1.6, 0.4 * asked.arithmetic))
    if asked.numbers and not is_code:
        question = any(words in asked.lowered for words in QUANTITY_QUESTIONS)
        if question:
            weight = min(2.6, 0.8 + 0.6 * asked.numbers)
            evidence.add(Task.MATHS, "a question for a number, with given numbers", weight)
    if asked.options > 2:  # noqa: PLR2004 - two are often a list
        evidence.add(Task.REASONING, "options to choose from", 4.0)


def _weigh_attachments(reading: PromptReading, evidence: TaskEvidence) -> None:
    if Modality.IMAGE in reading.asked_modalities:
        evidence.add(Task.VISION, "images in the last user turn", 6.0)
    elif Modality.IMAGE in reading.modalities:
        evidence.add(Task.VISION, "images earlier in the conversation", 2.5)
    if Modality.AUDIO in reading.asked_modalities:
        evidence.add(Task.AUDIO, "audio in the last user turn", 6.5)
    elif Modality.AUDIO in reading.modalities:
        evidence.add(Task.AUDIO, "audio earlier in the conversation", 2.5)
    if Modality.FILE in reading.asked_modalities:
        evidence.add(Task.LONG_DOCUMENT, "documents in the last user turn", 2.5)
    if reading.input_tokens >= LONG_DOCUMENT_TOKENS:
        evidence.add(Task.LONG_DOCUMENT, "the length of the prompt", 6.0)
    if reading.tools and reading.tool_choice is not ToolChoiceMode.NONE:
        must = reading.tool_choice in {ToolChoiceMode.REQUIRED, ToolChoiceMode.FUNCTION}
        evidence.add(Task.TOOL_USE, "tools to call", 6.0 if must else 2.5)
        if reading.tool_results:
            evidence.add(Task.TOOL_USE, "results of tools", 1.0)
    if reading.asks_for_schema:
        evidence.add(Task.EXTRACTION, "a JSON response format", 1.5)
