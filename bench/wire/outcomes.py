"""The result of one recorded exchange: passed, failed, or outside the scope of the router."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.wire import corpus
from bench.wire.adapted import Adapted, adapted, adapter_of
from bench.wire.comparing import differences
from bench.wire.hearing import assembled, heard
from bench.wire.objections import MEANINGS, OBJECTIONS
from bench.wire.readings import (
    Failing,
    Reading,
    UnknownRecordError,
    expected_of,
    fault_of,
    reading_of,
)
from bench.wire.traffic.events import lacks_its_end
from bench.wire.traffic.records import Record, UnusableRecordError
from routersvc.app.replays.adapters import NOT_CALLED, NamedAdapter, NoAdapterError
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

BY_HAND = "by hand"
CUT_SHORT = "the recorder cut it short: the line that ends its last event is not there"


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


def without_a_traceback(judge: Callable[[], Outcome]) -> Outcome:
    """Return an outcome; what the product raises is a difference with a name like any other."""
    try:
        return judge()
    except Exception as error:  # noqa: BLE001 - the product may raise nothing at all here
        told = f"{type(error).__name__}: {str(error)[:120]!r}"
        return Outcome(Verdict.FAILED, reason=f"the adapter raised an exception ({told})")


def outcome_of_answer(wire: Path, row: corpus.Row) -> Outcome:
    """Return how the adapter's reading of an answer compares with the independent one."""
    try:
        record = corpus.record(wire, row.file)
        adapter = adapter_of(record)
    except UnusableRecordError as error:
        return Outcome(Verdict.NO_BODY, reason=str(error))
    except NoAdapterError as error:
        verdict = Verdict.NOT_CALLED if row.api in NOT_CALLED else Verdict.NO_ADAPTER
        return Outcome(verdict, reason=str(error))
    return without_a_traceback(lambda: _outcome(record, adapter))


def _outcome(record: Record, adapter: NamedAdapter) -> Outcome:
    ours = adapted(record, adapter)
    expected = expected_of(record)
    if expected is not None:
        found = _found(ours)
        if found is expected.failure_class:
            return Outcome(Verdict.PASSED, BY_HAND, f"{found.value}: {expected.reason}")
        return Outcome(Verdict.FAILED, BY_HAND, f"{found.value}, not {expected.reason}")
    try:
        theirs = reading_of(record)
    except UnknownRecordError as error:
        return Outcome(Verdict.NO_READING, reason=str(error))
    if theirs is None:
        return Outcome(Verdict.NO_READING, reason=f"nobody else reads `{record.api}` yet")
    if isinstance(theirs, Failing):
        return _outcome_of_failing(ours, theirs)
    if ours.failure is not None:
        failure = ours.failure
        if failure.failure_class is FailureClass.TRUNCATED and lacks_its_end(record.body):
            return Outcome(Verdict.AT_FAULT, theirs.judge, CUT_SHORT)
        sentence = f"{failure.failure_class.value}: {failure.message}"
        return Outcome(Verdict.FAILED, theirs.judge, sentence)
    found_differences = _differences(ours, theirs)
    fault = fault_of(record)
    if found_differences and fault is not None:
        return Outcome(Verdict.AT_FAULT, theirs.judge, fault)
    verdict = Verdict.FAILED if found_differences else Verdict.PASSED
    reason = "; ".join(found_differences)
    return Outcome(verdict, theirs.judge, reason, adapter.name)


def _outcome_of_failing(ours: Adapted, theirs: Failing) -> Outcome:
    """Return whether an answer that says of itself that it failed is taken for a failure."""
    found = _found(ours)
    is_failure = ours.failure is not None
    if is_failure and theirs.failure_class in {None, found}:
        return Outcome(Verdict.PASSED, BY_HAND, f"{found.value}: {theirs.reason}")
    return Outcome(Verdict.FAILED, BY_HAND, f"{found.value}, although {theirs.reason}")


def _differences(ours: Adapted, theirs: Reading) -> list[str]:
    """Return the differences; those of the whole answer only where the stream has no such one."""
    in_stream = differences(heard(ours.events), theirs)
    in_whole = differences(assembled(collect(ours.events)), theirs)
    return in_stream + [f"assembled, {one}" for one in in_whole if one not in in_stream]


def outcome_of_error(wire: Path, file: str, label: str) -> Outcome:
    """Return whether an error means what its label says, or what an objection says instead."""
    try:
        record = corpus.record(wire, file)
    except UnusableRecordError as error:
        return Outcome(Verdict.NO_BODY, reason=str(error))
    try:
        adapter = adapter_of(record)
    except NoAdapterError as error:
        not_called = record.api in NOT_CALLED and record.is_success
        verdict = Verdict.NOT_CALLED if not_called else Verdict.NO_ADAPTER
        return Outcome(verdict, reason=str(error))
    return without_a_traceback(lambda: _outcome_of_error(record, adapter, label))


def _outcome_of_error(record: Record, adapter: NamedAdapter, label: str) -> Outcome:
    found = _found(adapted(record, adapter))
    objection = OBJECTIONS.get(record.file)
    if objection is not None and found is objection.failure_class:
        return Outcome(
            Verdict.PASSED,
            "objection",
            f"labelled {label}, taken for {found.value}: {objection.reason}",
            adapter.name,
        )
    if label not in MEANINGS:
        reason = f"no failure class is known for the label {label!r}; taken for {found.value}"
        return Outcome(Verdict.NO_READING, "label", reason, adapter.name)
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


def _found(ours: Adapted) -> FailureClass | FinishReason:
    if ours.failure is not None:
        return ours.failure.failure_class
    return next(event.reason for event in ours.events if isinstance(event, Finished))
