"""Every recorded and documented error of the vendors, against its label."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from bench.wire import corpus
from bench.wire.adapted import adapter_of, head_of
from bench.wire.objections import MEANINGS, OBJECTIONS
from bench.wire.outcomes import Outcome, Verdict, outcome_of_error
from bench.wire.traffic.records import Record

from routersvc.app.replays.adapters import NoAdapterError

MESSAGE = re.compile(
    r"(?P<sentence>[^(]+) \(HTTP (?P<status>\d+)(?:, a gateway's page)?"
    r"(?:, code `[A-Za-z0-9_.\[\]-]{1,64}`)?(?:, parameter `[A-Za-z0-9_.\[\]-]{1,64}`)?\)"
)

Labelled = Sequence[tuple[str, str, Record, Outcome]]


@pytest.fixture(scope="module")
def labelled(shared: Path) -> Labelled:
    """Return (file, label, record, outcome) of every error that an adapter reads."""
    wire = shared / "wire"
    found = [
        (file, label, corpus.record(wire, file), outcome_of_error(wire, file, label))
        for file, label in corpus.labels(wire).items()
    ]
    skipped = {Verdict.NO_ADAPTER, Verdict.NOT_CALLED}
    return [one for one in found if one[3].verdict not in skipped]


def test_every_error_means_what_its_label_says(labelled: Labelled) -> None:
    """The class decides where the request goes next and what is disabled."""
    wrong = [
        (file, outcome.reason)
        for file, _, _, outcome in labelled
        if outcome.verdict is not Verdict.PASSED
    ]

    assert wrong == []


def test_no_objection_is_stale(labelled: Labelled) -> None:
    """An objection to a label that is followed, or to no recording, would hide a mistake."""
    labels = {file: label for file, label, _, _ in labelled}

    assert OBJECTIONS.keys() <= labels.keys()
    for file, objection in OBJECTIONS.items():
        assert objection.failure_class not in MEANINGS[labels[file]]


def test_many_errors_are_held_against_their_labels(labelled: Labelled) -> None:
    """The selection must not shrink unseen: most classes and vendors are in it."""
    assert len(labelled) == 213
    assert len({label for _, label, _, _ in labelled}) == 14
    assert len({record.provider for _, _, record, _ in labelled}) == 16


def test_no_sentence_quotes_a_body(labelled: Labelled) -> None:
    """A provider's words may hold the prompt: only its code and parameter are passed on."""
    for file, _, record, _ in labelled:
        if record.status == 200:
            continue
        try:
            adapter = adapter_of(record)
        except NoAdapterError:
            continue
        message = adapter.wire_format.decode_failure(head_of(record), record.body).message

        found = MESSAGE.fullmatch(message)
        assert found, (file, message)
        assert int(found["status"]) == record.status, file
        assert found["sentence"].encode() not in record.body, file


def test_what_is_left_of_anthropics_limits_is_read(labelled: Labelled) -> None:
    """Its headers are a family of their own, with instants instead of lengths of time."""
    (record,) = [one[2] for one in labelled if one[0].endswith("rate-limit-itpm.json")]
    head = dataclasses.replace(head_of(record), received_at=1_767_225_600.0)  # 2026-01-01

    failure = adapter_of(record).wire_format.decode_failure(head, record.body)

    assert failure.retry_after == 12.0
    headroom = failure.headroom
    assert headroom is not None
    assert (headroom.remaining_requests, headroom.limit_requests) == (49, 50)
    assert (headroom.remaining_tokens, headroom.limit_tokens) == (0, 38_000)
    assert (headroom.requests_reset, headroom.tokens_reset) == (5.0, 12.0)
