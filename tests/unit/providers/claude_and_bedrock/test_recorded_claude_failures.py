"""Every recorded and documented error of Anthropic and of Bedrock, against its label."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routersvc.domain.answers import Finished, FinishReason
from routersvc.domain.failures import AttemptFailedError, Failure, FailureClass

if TYPE_CHECKING:
    from tests.unit.providers.claude_and_bedrock.conftest import Exchange, ReadExchange

CLASSES: Mapping[str, FailureClass] = {
    "auth": FailureClass.AUTHENTICATION,
    "context_length": FailureClass.CONTEXT_LENGTH,
    "invalid_request": FailureClass.INVALID_REQUEST,
    "model_not_found": FailureClass.MODEL_NOT_FOUND,
    "overloaded": FailureClass.OVERLOADED,
    "permission": FailureClass.PERMISSION,
    "quota_exhausted": FailureClass.QUOTA_EXHAUSTED,
    "rate_limit": FailureClass.RATE_LIMITED,
    "request_too_large": FailureClass.CONTEXT_LENGTH,
    "server_error": FailureClass.SERVER_ERROR,
    "stream_error": FailureClass.SERVER_ERROR,
    "timeout": FailureClass.SERVER_ERROR,
}
"""What the labels are called here."""

MODEL_CANNOT = "another model may well do what this one says it cannot"
OBJECTIONS: Mapping[str, tuple[FailureClass | FinishReason, str]] = {
    "anthropic/error_400/"
    "messages.unary.test-anthropic-explicit-effort-xhigh-unsupported.5533b231.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "bedrock/error_400/"
    "converse.unary.test-multimodal-tool-return-matrix-direct-binary.5011cd50.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "bedrock/error_400/"
    "converse.unary.test-multimodal-tool-return-matrix-direct-upload.8a5736a1.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "bedrock/error_400/"
    "count_tokens.unary.test-anthropic-bedrock-count-tokens-error.820879d3.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "errors/anthropic/context_length.200.unary.context-window-stop.json": (
        FinishReason.LENGTH,
        "no error: an answer that ends where the window does",
    ),
    "errors/bedrock/stream_error.200.stream.eventstream-truncated-frame.json": (
        FailureClass.TRUNCATED,
        "the stream is cut in the middle of a message; nobody has said why",
    ),
}
"""Where the label is not followed: what is said instead, and why."""


@pytest.fixture(scope="module")
def labelled(shared: Path, read_exchange: ReadExchange) -> Sequence[tuple[str, Exchange]]:
    """Return (label, exchange) of every error that these vendors send."""
    with (shared / "wire/errors/LABELS.csv").open(newline="") as labels:
        return [
            (row["expected_class"], read_exchange(row["file"]))
            for row in csv.DictReader(labels)
            if row["provider"] in {"anthropic", "bedrock"} or "/messages." in row["file"]
        ]


def failure_of(exchange: Exchange) -> Failure | FinishReason:
    """Return what an exchange is taken for."""
    if exchange.head.status != 200:
        return exchange.wire_format.decode_failure(exchange.head, exchange.body)
    decoder = exchange.wire_format.decoder(exchange.call, exchange.head)
    try:
        events = decoder.feed(exchange.body) + decoder.end()
    except AttemptFailedError as error:
        return error.failure
    assert isinstance(events[-1], Finished)
    return events[-1].reason


def test_every_error_has_the_class_of_its_label(labelled: Sequence[tuple[str, Exchange]]) -> None:
    """Or one that is better, for a reason that is written down."""
    passed: Counter[str] = Counter()
    objected: set[str] = set()
    for label, exchange in labelled:
        found = failure_of(exchange)
        outcome = found.failure_class if isinstance(found, Failure) else found
        if exchange.file in OBJECTIONS:
            assert outcome is OBJECTIONS[exchange.file][0], exchange.file
            objected.add(exchange.file)
        else:
            assert outcome is CLASSES[label], exchange.file
            passed[exchange.provider] += 1

    assert objected == set(OBJECTIONS)
    assert passed == {"anthropic": 16, "bedrock": 23, "ollama": 1}


def test_no_error_quotes_the_provider(labelled: Sequence[tuple[str, Exchange]]) -> None:
    """Its words may hold the prompt."""
    for _, exchange in labelled:
        found = failure_of(exchange)
        if isinstance(found, Failure):
            words = {word for word in exchange.body.decode("latin-1").split() if len(word) > 11}
            assert not words & set(found.message.split()), exchange.file


def test_what_is_left_of_anthropics_limits_is_read(
    labelled: Sequence[tuple[str, Exchange]],
) -> None:
    """Its headers are a family of their own, with instants instead of lengths of time."""
    (exchange,) = [one for _, one in labelled if one.file.endswith("rate-limit-itpm.json")]
    head = dataclasses.replace(exchange.head, received_at=1_767_225_600.0)  # 2026-01-01

    failure = exchange.wire_format.decode_failure(head, exchange.body)

    assert failure.retry_after == 12.0
    headroom = failure.headroom
    assert headroom is not None
    assert (headroom.remaining_requests, headroom.limit_requests) == (49, 50)
    assert (headroom.remaining_tokens, headroom.limit_tokens) == (0, 38_000)
    assert (headroom.requests_reset, headroom.tokens_reset) == (5.0, 12.0)


def test_answers_tell_what_is_left_of_the_limits(answers: Sequence[Exchange]) -> None:
    """Traffic moves before it is refused."""
    told = 0
    for exchange in answers:
        if "anthropic-ratelimit-requests-remaining" in exchange.head.headers:
            decoder = exchange.wire_format.decoder(exchange.call, exchange.head)
            events = decoder.feed(exchange.body) + decoder.end()
            headroom = getattr(events[0], "headroom", None)
            assert headroom is not None
            assert headroom.remaining_requests is not None
            assert headroom.limit_tokens is not None
            told += 1
    assert told > 50
