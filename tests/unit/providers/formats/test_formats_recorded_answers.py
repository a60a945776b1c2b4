"""Every recorded answer of the vendors, whole, cut and split.

The expectations are independent readings of the recorded bytes, see `bench.wire.readings`. What is
said here of one wire format holds for all: another one needs no test of its own of these.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from bench.wire import corpus
from bench.wire.adapted import Adapted, adapted, adapter_of, joined
from bench.wire.deliveries import delivered
from bench.wire.outcomes import Outcome, Verdict, outcome_of_answer
from bench.wire.traffic.records import Record, UnusableRecordError
from hypothesis import settings

from routersvc.app.replays.adapters import APIS, NOT_CALLED, NamedAdapter, NoAdapterError
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import CONTENT_TYPES
from routersvc.domain.outcomes.failure_rules import FailureClass

CUTS_PER_ANSWER = 16
"""Every offset is tried on short bodies; on longer ones so many, and each of the last bytes."""

SHORT = 1_000 if settings.get_current_profile_name() == "thorough" else 200
LESS_THAN_A_CHUNK = 16
MOST_SPLIT = 60_000
"""Bytes of the streams that are split in pieces of odd sizes too; all come byte by byte."""

BROKEN = {FailureClass.TRUNCATED, FailureClass.SERVER_ERROR}


def answers() -> Sequence[corpus.Row]:
    """Return every recorded exchange that is no labelled error."""
    wire = corpus.folder()
    if wire is None:
        return ()
    labels = corpus.labels(wire)
    return [
        row
        for row in corpus.rows(wire)
        if row.file not in labels and not row.file.startswith("errors/")
    ]


ROWS = answers()
PLACES = sorted({(row.provider, row.api) for row in ROWS if row.api in APIS})
each_place = pytest.mark.parametrize(
    ("provider", "api"), PLACES, ids=[f"{provider}-{api}" for provider, api in PLACES]
)


def rows_of(provider: str, api: str) -> list[corpus.Row]:
    """Return the recorded answers of a provider's API."""
    return [row for row in ROWS if (row.provider, row.api) == (provider, api)]


def sound_answers(
    shared: Path, provider: str, api: str
) -> Iterator[tuple[str, Record, NamedAdapter, Adapted]]:
    """Yield the exchanges that are complete answers, each with its replay as a whole."""
    for row in rows_of(provider, api):
        try:
            record = corpus.record(shared / "wire", row.file)
        except UnusableRecordError:
            continue
        adapter = adapter_of(record)
        whole = adapted(record, adapter)
        if whole.failure is None:
            yield row.file, record, adapter, whole


def test_every_recorded_api_is_called_or_not_for_a_reason(shared: Path) -> None:
    """A vendor's API that appears in the recordings must not be forgotten."""
    recorded = {row.api for row in corpus.rows(shared / "wire")} - {"error"}

    assert recorded - APIS.keys() - NOT_CALLED.keys() == set()
    assert not APIS.keys() & NOT_CALLED.keys()


def test_every_api_that_is_called_has_its_address() -> None:
    """Documented errors are recorded with nothing but the address that was called."""
    for name, api in APIS.items():
        assert [other for other, one in APIS.items() if one.address == api.address] == [name]


@each_place
def test_answer_equals_an_independent_reading(shared: Path, provider: str, api: str) -> None:
    """Text, thoughts, tool calls, media, usage and end are what the vendor sent."""
    found: dict[str, Outcome] = {
        row.file: outcome_of_answer(shared / "wire", row) for row in rows_of(provider, api)
    }

    sound = {Verdict.PASSED, Verdict.AT_FAULT, Verdict.NO_BODY}
    assert {file: one for file, one in found.items() if one.verdict not in sound} == {}
    assert any(one.verdict is Verdict.PASSED for one in found.values())


@each_place
def test_events_come_in_order(shared: Path, provider: str, api: str) -> None:
    """`Started` first, `Finished` last and once: the engine relies on it."""
    for file, _, _, whole in sound_answers(shared, provider, api):
        assert isinstance(whole.events[0], Started), file
        assert isinstance(whole.events[-1], Finished), file
        assert sum(isinstance(one, Started | Finished) for one in whole.events) == 2, file


@each_place
def test_stream_cut_after_any_byte_is_no_success_and_byte_by_byte_it_is_the_same(
    shared: Path, provider: str, api: str, *, thorough: bool
) -> None:
    """Every byte of every stream: networks cut anywhere, and deliver as they like.

    Where a cut leaves a success, it took nothing away but what follows the end of the answer, such
    as a count that comes after it. The middle of streams of more than four thousand bytes, whose
    events are all alike, is cut after every thirteenth byte unless the run is thorough.
    """
    rows = rows_of(provider, api)
    for file, delivery in delivered(shared / "wire", rows, every_byte=thorough):
        assert delivery.complaints == (), file


@each_place
def test_splits_change_no_event(shared: Path, provider: str, api: str) -> None:
    """Pieces that hold the end of one event and the beginning of the next are no other answer."""
    for file, record, adapter, whole in sound_answers(shared, provider, api):
        if not record.streaming or len(record.body) > MOST_SPLIT:
            continue
        for size in (2, 17, 509, 4_093):
            found = adapted(record, adapter, split=size)
            assert joined(found.events) == joined(whole.events), (file, size)


@each_place
def test_cut_body_is_never_a_success(shared: Path, provider: str, api: str) -> None:
    """Whatever arrived before the cut, half of an answer is broken."""
    for file, record, adapter, _ in sound_answers(shared, provider, api):
        if record.streaming:
            continue
        for cut in cuts_of(record.body.rstrip()):
            left = adapted(record, adapter, cut=cut)
            assert left.failure is not None, (file, cut)
            assert left.failure.failure_class in BROKEN, (file, cut)


@pytest.mark.parametrize(
    ("provider", "api"),
    [
        ("openai", "chat_completions"),
        ("openai", "responses"),
        ("anthropic", "messages"),
        ("bedrock", "converse"),
        ("gemini", "generate_content"),
        ("cohere", "chat_v2"),
        ("ollama", "ollama_chat"),
    ],
)
def test_deltas_hold_what_the_stream_brings_together(shared: Path, provider: str, api: str) -> None:
    """Each chunk that comes alone becomes its own event: nothing is held back until the end."""
    record, adapter, _ = max(
        (one[1:] for one in sound_answers(shared, provider, api) if one[1].streaming),
        key=lambda one: len(contents(one[2].events)),
    )
    whole = adapted(record, adapter, split=LESS_THAN_A_CHUNK)

    half = adapted(record, adapter, split=LESS_THAN_A_CHUNK, cut=len(record.body) // 2)

    found = len(contents(whole.events))
    assert found >= 12
    assert found / 4 < len(contents(half.events)) < found


def cuts_of(body: bytes) -> list[int]:
    """Return after how many bytes to cut."""
    end = len(body)
    step = 1 if end < SHORT else 1 + end // CUTS_PER_ANSWER
    return sorted({*range(0, end, step), *range(max(0, end - 40), end)})


def contents(events: Sequence[AnswerEvent]) -> list[AnswerEvent]:
    """Return the events that the caller hears of."""
    return [event for event in events if isinstance(event, CONTENT_TYPES)]


@functools.cache
def unread() -> frozenset[str]:
    """Return the recordings without an adapter or a body."""
    wire = corpus.folder()
    assert wire is not None
    found: set[str] = set()
    for row in ROWS:
        try:
            adapter_of(corpus.record(wire, row.file))
        except (UnusableRecordError, NoAdapterError):
            found.add(row.file)
    return frozenset(found)


def test_few_recordings_are_passed_over(shared: Path) -> None:
    """The selection must not shrink unseen."""
    assert shared.is_dir()
    called = [row for row in ROWS if row.api in APIS]

    assert len(called) >= 1_430
    assert len([row for row in called if row.file in unread()]) < len(called) * 0.03


def test_answers_tell_what_is_left_of_the_limits(shared: Path) -> None:
    """Traffic moves before it is refused."""
    told = 0
    for _, record, _, whole in sound_answers(shared, "anthropic", "messages"):
        if "anthropic-ratelimit-requests-remaining" in record.headers:
            headroom = getattr(whole.events[0], "headroom", None)
            assert headroom is not None
            assert headroom.remaining_requests is not None
            assert headroom.limit_tokens is not None
            told += 1
    assert told > 50
