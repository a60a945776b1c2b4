"""Every recorded answer of Anthropic, of those who speak its format, and of Bedrock's Converse.

An answer is read by the adapter and by the vendor's own SDK, from the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest
from tests.unit.providers.claude_and_bedrock.readings import (
    adapters_reading,
    independent_reading,
)

from routersvc.domain.answers import AnswerEvent, Finished
from routersvc.domain.collecting import collect
from routersvc.domain.failures import AttemptFailedError, FailureClass

if TYPE_CHECKING:
    from tests.unit.providers.claude_and_bedrock.conftest import Exchange

NO_METADATA = "made by hand: it ends without the `metadata` with which every real stream ends"
NO_CONTENT = "the model said nothing at all, which is no answer"
NOT_TAKEN: Mapping[str, tuple[FailureClass, str]] = {
    "bedrock/basic/converse.unary.should-handle-empty-minimal-response.a648c02d.json": (
        FailureClass.BAD_ANSWER,
        NO_CONTENT,
    ),
    "bedrock/tool_calls/converse.stream.amazon-bedrock-json-tool-1.f1c476c3.json": (
        FailureClass.TRUNCATED,
        NO_METADATA,
    ),
    "bedrock/tool_calls/converse.stream.amazon-bedrock-json-tool-2.e326b5be.json": (
        FailureClass.TRUNCATED,
        NO_METADATA,
    ),
    "bedrock/tool_calls/converse.stream.amazon-bedrock-json-tool-3.a35ff4e8.json": (
        FailureClass.TRUNCATED,
        NO_METADATA,
    ),
}
"""Recorded answers that are not taken for one: as what instead, and why."""

PASSED: Mapping[str, Mapping[str, int]] = {
    "anthropic": {
        "basic": 15,
        "multimodal_input": 20,
        "reasoning": 19,
        "refusal_or_filter": 5,
        "server_tools": 16,
        "structured_output": 19,
        "tool_calls": 18,
        "tool_results": 20,
        "truncated": 15,
    },
    "bedrock": {
        "basic": 11,
        "multimodal_input": 11,
        "reasoning": 14,
        "refusal_or_filter": 4,
        "server_tools": 2,
        "tool_calls": 13,
        "tool_results": 13,
        "truncated": 7,
    },
    "ollama": {"basic": 1, "reasoning": 5},
    "vertex": {"basic": 2, "tool_calls": 4, "tool_results": 2},
}
"""How many answers of each kind are read as the vendor's own SDK reads them."""

MOST_SPLITS = 150
"""Places at which one body is split in two; longer bodies are split at evenly spaced ones.

All places are passed when the body comes byte by byte.
"""


def read(exchange: Exchange, pieces: Sequence[bytes]) -> list[AnswerEvent]:
    """Return the events of an exchange that comes in these pieces."""
    decoder = exchange.wire_format.decoder(exchange.call, exchange.head)
    events: list[AnswerEvent] = []
    for piece in pieces:
        events += decoder.feed(piece)
    return events + decoder.end()


@pytest.fixture(scope="module")
def complete(answers: Sequence[Exchange]) -> Sequence[Exchange]:
    """Every recorded answer that is one."""
    return [exchange for exchange in answers if exchange.file not in NOT_TAKEN]


@pytest.fixture(scope="module")
def streams(complete: Sequence[Exchange]) -> Sequence[Exchange]:
    """Every recorded stream that is complete."""
    return [exchange for exchange in complete if exchange.streaming]


def test_every_answer_is_read_as_the_vendors_own_sdk_reads_it(complete: Sequence[Exchange]) -> None:
    """Text, thoughts with their signatures, tool calls, finish reason and usage."""
    passed: Counter[tuple[str, str]] = Counter()
    for exchange in complete:
        found = adapters_reading(collect(read(exchange, [exchange.body])))

        assert found == independent_reading(exchange), exchange.file
        passed[exchange.provider, exchange.kind] += 1

    assert passed == {
        (provider, kind): count
        for provider, kinds in PASSED.items()
        for kind, count in kinds.items()
    }


def test_answers_that_are_none_fail_as_is_said(answers: Sequence[Exchange]) -> None:
    """Each is named above with its reason."""
    by_file = {exchange.file: exchange for exchange in answers}

    for file, (failure_class, _) in NOT_TAKEN.items():
        with pytest.raises(AttemptFailedError) as raised:
            read(by_file[file], [by_file[file].body])
        assert raised.value.failure.failure_class is failure_class, file


def test_stream_that_is_cut_after_any_byte_is_no_success(streams: Sequence[Exchange]) -> None:
    """Every place but the end of the terminator is passed, and so is every way to come there."""
    cuts = 0
    for exchange in streams:
        whole = read(exchange, [exchange.body])
        decoder = exchange.wire_format.decoder(exchange.call, exchange.head)
        events: list[AnswerEvent] = []
        for at in range(len(exchange.body)):
            with pytest.raises(AttemptFailedError) as raised:
                decoder.end()
            assert raised.value.failure.failure_class is FailureClass.TRUNCATED
            cuts += 1
            events += decoder.feed(exchange.body[at : at + 1])
            if events and isinstance(events[-1], Finished):
                break
        assert events == whole, exchange.file
    assert cuts > 100_000


def test_stream_that_is_split_at_any_byte_reads_the_same(streams: Sequence[Exchange]) -> None:
    """Networks split where they like."""
    for exchange in streams:
        body = exchange.body
        whole = read(exchange, [body])
        for at in range(1, len(body), max(1, len(body) // MOST_SPLITS)):
            assert read(exchange, [body[:at], body[at:]]) == whole, (exchange.file, at)


def test_complete_body_that_is_cut_is_no_success(complete: Sequence[Exchange]) -> None:
    """Half an answer is not one, however it came."""
    for exchange in complete:
        if not exchange.streaming:
            body = exchange.body
            for at in range(0, len(body), max(1, len(body) // 50)):
                with pytest.raises(AttemptFailedError):
                    read(exchange, [body[:at]])


def test_stream_that_ends_with_an_event_is_finished_once(streams: Sequence[Exchange]) -> None:
    """`Finished` is the last event, and there is one."""
    for exchange in streams:
        kinds = [type(event).__name__ for event in read(exchange, [exchange.body])]

        assert (kinds[0], kinds[-1], kinds.count("Finished")) == ("Started", "Finished", 1)
