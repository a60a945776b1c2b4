"""The result of one recorded exchange: passed, failed, or outside the scope of the router."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench.wire import corpus
from bench.wire.comparing import differences
from bench.wire.objections import MEANINGS, OBJECTIONS
from bench.wire.readings import expected_of, fault_of, reading_of
from routersvc.app.replays.adapters import NOT_CALLED, NoAdapterError
from routersvc.app.replays.recordings import Recording, UnusableRecordError
from routersvc.app.replays.replaying import Replay, adapter_of, replay
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

_FIRST_ERROR = 300


class Verdict(enum.Enum):
    """The result of an exchange."""

    PASSED = "passed"
    FAILED = "failed"
    AT_FAULT = "at_fault"
    NOT_CALLED = "not_called"
    NO_BODY = "no_body"
    NO_ADAPTER = "no_adapter"
    NO_READING = "no_reading"


class Outcome(NamedTuple):
    """The verdict over one exchange; `judge` is its reader, `reason` explains the verdict."""

    verdict: Verdict
    judge: str = ""
    reason: str = ""
    adapter: str = ""


def outcome_of_answer(wire: Path, row: corpus.Row) -> Outcome:
    """Return how the adapter's reading of an answer compares with the independent one."""
    try:
        recording = corpus.recording(wire, row.file)
        adapter = adapter_of(recording, None)
    except UnusableRecordError as error:
        return Outcome(Verdict.NO_BODY, reason=str(error))
    except NoAdapterError as error:
        verdict = Verdict.NOT_CALLED if row.api in NOT_CALLED else Verdict.NO_ADAPTER
        return Outcome(verdict, reason=str(error))
    record = corpus.record(row.file, recording, adapter.framing)
    replayed = replay(recording, adapter)
    expected = expected_of(record)
    if expected is not None:
        found = _found(replayed)
        if found is expected.failure_class:
            return Outcome(Verdict.PASSED, "by hand", f"{found.value}: {expected.reason}")
        return Outcome(Verdict.FAILED, "by hand", f"{found.value}, not {expected.reason}")
    reading = reading_of(record)
    if reading is None:
        return Outcome(Verdict.NO_READING, reason=f"nobody else reads `{row.api}` yet")
    if replayed.failure is not None:
        failure = replayed.failure
        sentence = f"{failure.failure_class.value}: {failure.message}"
        return Outcome(Verdict.FAILED, reading.judge, sentence)
    found_differences = differences(replayed.answer, reading)
    fault = fault_of(record)
    if found_differences and fault is not None:
        return Outcome(Verdict.AT_FAULT, reading.judge, fault)
    verdict = Verdict.FAILED if found_differences else Verdict.PASSED
    return Outcome(verdict, reading.judge, "; ".join(found_differences), adapter.name)


def outcome_of_error(wire: Path, file: str, label: str) -> Outcome:
    """Return whether an error means what its label says, or what an objection says instead."""
    try:
        recording = corpus.recording(wire, file)
    except UnusableRecordError as error:
        return Outcome(Verdict.NO_BODY, reason=str(error))
    try:
        adapter = adapter_of(recording, None)
    except NoAdapterError as error:
        not_called = recording.api in NOT_CALLED and _is_success(recording)
        verdict = Verdict.NOT_CALLED if not_called else Verdict.NO_ADAPTER
        return Outcome(verdict, reason=str(error))
    found = _found(replay(recording, adapter))
    objection = OBJECTIONS.get(file)
    if objection is not None and found is objection.failure_class:
        return Outcome(
            Verdict.PASSED,
            "objection",
            f"labelled {label}, taken for {found.value}: {objection.reason}",
            adapter.name,
        )
    if objection is None and found in MEANINGS[label]:
        return Outcome(Verdict.PASSED, "label", adapter=adapter.name)
    return Outcome(
        Verdict.FAILED, "label", f"labelled {label}, taken for {found.value}", adapter.name
    )


def outcomes(wire: Path) -> tuple[Mapping[corpus.Row, Outcome], Mapping[str, Outcome]]:
    """Return what came of every answer, and of every labelled error by its file."""
    labels = corpus.labels(wire)
    rows = corpus.rows(wire)
    answers = {
        row: outcome_of_answer(wire, row)
        for row in rows
        if row.file not in labels and not row.file.startswith("errors/")
    }
    return answers, {file: outcome_of_error(wire, file, label) for file, label in labels.items()}


def _found(replayed: Replay) -> FailureClass | FinishReason:
    if replayed.failure is not None:
        return replayed.failure.failure_class
    return replayed.answer.finish.reason


def _is_success(recording: Recording) -> bool:
    return recording.head.status < _FIRST_ERROR
