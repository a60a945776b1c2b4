"""Delivers recorded bytes to the adapter of their API, and keeps what it makes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from bench.wire.traffic.records import Record
from routersvc.app.replays.adapters import NamedAdapter, adapter_for
from routersvc.app.replays.requested import call_of
from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.http.attempts import MAX_ERROR_BODY_BYTES
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead

RECEIVED_AT = 1_790_000_000.0
"""The Unix time at which recorded responses are received: in 2026."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Adapted:
    """The events of an exchange, and the failure with which they end if it is no success."""

    events: tuple[AnswerEvent, ...] = dataclasses.field(repr=False)
    failure: Failure | None


def adapter_of(record: Record) -> NamedAdapter:
    """Return the adapter by which the router calls the API of a record.

    Raises:
        NoAdapterError: the router does not call it.
    """
    return adapter_for(record.provider, record.api, url=record.url, status=record.status)


def head_of(record: Record) -> ResponseHead:
    """Return what precedes the body of a record."""
    return ResponseHead(status=record.status, headers=record.headers, received_at=RECEIVED_AT)


def decoder_of(record: Record, adapter: NamedAdapter) -> AnswerDecoder:
    """Return what reads the body of a record that is an answer."""
    call = call_of(record.request, streaming=record.streaming)
    return adapter.wire_format.decoder(call, head_of(record))


def adapted(
    record: Record, adapter: NamedAdapter, *, cut: int | None = None, split: int | None = None
) -> Adapted:
    """Return what comes of a body that ends after `cut` bytes and comes in pieces of `split`."""
    body = record.body if cut is None else record.body[:cut]
    if not record.is_success:
        body = body[:MAX_ERROR_BODY_BYTES]
        failure = adapter.wire_format.decode_failure(head_of(record), body)
        return Adapted(events=(), failure=failure)
    decoder = decoder_of(record, adapter)
    events: list[AnswerEvent] = []
    size = len(body) if split is None else split
    try:
        for start in range(0, len(body), max(size, 1)):
            events += decoder.feed(body[start : start + size])
            if decoder.failure is not None:
                break
        events += decoder.end()
    except AttemptFailedError as error:
        return Adapted(events=tuple(events), failure=error.failure)
    return Adapted(events=tuple(events), failure=None)


def joined(events: Iterable[AnswerEvent]) -> list[AnswerEvent]:
    """Return the events with texts that follow each other as one: they may arrive together."""
    found: list[AnswerEvent] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            found[-1] = TextDelta(
                text=last.text + event.text, logprobs=last.logprobs + event.logprobs
            )
        else:
            found.append(event)
    return found
