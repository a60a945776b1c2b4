"""Runs a recorded exchange through an adapter and returns the result."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import cast

from routersvc.app.replays.adapters import NamedAdapter, NoAdapterError, adapter_for, adapter_named
from routersvc.app.replays.http_captures import BEGINNING, response_of_capture
from routersvc.app.replays.recordings import (
    Recording,
    UnusableRecordError,
    recording_of_record,
    recording_of_response,
)
from routersvc.app.replays.requested import call_of
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.assembly import Answer, collect
from routersvc.domain.conversation.deltas import CONTENT_TYPES
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.http.attempts import MAX_ERROR_BODY_BYTES
from routersvc.providers.reading.json_values import JsonObject, json_object

_FIRST_ERROR = 300


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """How the body arrives: cut after `cut` bytes, in pieces of `split` bytes."""

    cut: int | None = None
    split: int | None = None


WHOLE = Delivery()
"""At once, and to its end."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """The result of an exchange: a complete answer, or a failure and what was read before it.

    `answer` holds what was read either way; its `finish` means nothing beside a `failure`.
    """

    adapter: str
    recording: Recording
    events: tuple[AnswerEvent, ...] = dataclasses.field(repr=False)
    failure: Failure | None

    @property
    def answer(self) -> Answer:
        """The answer assembled from the events."""
        if self.failure is None:
            return collect(self.events)
        return collect([*self.events, Finished(reason=FinishReason.OTHER)])

    @property
    def has_content(self) -> bool:
        """Return whether the caller would have received events before the end."""
        return any(isinstance(event, CONTENT_TYPES) for event in self.events)


def recording_in(data: bytes) -> Recording:
    """Return the exchange that the bytes of a file hold.

    Raises:
        UnusableRecordError: they hold none.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.startswith(BEGINNING):
        return recording_of_response(*response_of_capture(data))
    record = _record_in(data)
    if record is None:
        raise UnusableRecordError("it is neither a JSON object nor an HTTP response")
    return recording_of_record(record)


def _record_in(data: bytes) -> JsonObject | None:
    """Return the JSON object in a file; recorders may have torn a character into halves."""
    record = json_object(data)
    if record is None:
        try:
            value: object = json.loads(data)
        except (ValueError, RecursionError):
            return None
        record = cast("JsonObject", value) if isinstance(value, dict) else None
    return record


def adapter_of(recording: Recording, name: str | None) -> NamedAdapter:
    """Return the adapter of this name, or the one that the exchange itself names.

    Raises:
        NoAdapterError: there is none.
    """
    if name is not None:
        return adapter_named(name)
    if not (recording.provider or recording.api or recording.url):
        raise NoAdapterError("the record names no provider: name the adapter")
    return adapter_for(
        recording.provider, recording.api, url=recording.url, status=recording.head.status
    )


def replay(recording: Recording, adapter: NamedAdapter, delivery: Delivery = WHOLE) -> Replay:
    """Return the result of an exchange."""
    recording = recording.in_frame(adapter.framing)
    body = recording.body if delivery.cut is None else recording.body[: delivery.cut]
    events: list[AnswerEvent] = []
    failure: Failure | None = None
    if not 200 <= recording.head.status < _FIRST_ERROR:  # noqa: PLR2004 - HTTP's successes
        failure = adapter.wire_format.decode_failure(recording.head, body[:MAX_ERROR_BODY_BYTES])
    else:
        call = call_of(recording.request, streaming=recording.streaming)
        decoder = adapter.wire_format.decoder(call, recording.head)
        try:
            for piece in _pieces(body, delivery.split):
                events += decoder.feed(piece)
                if decoder.failure is not None:
                    break
            events += decoder.end()
        except AttemptFailedError as error:
            failure = error.failure
            if error.counted is not None:
                events.append(error.counted)
    return Replay(adapter=adapter.name, recording=recording, events=tuple(events), failure=failure)


def _pieces(body: bytes, size: int | None) -> Iterator[bytes]:
    if size is None:
        yield body
        return
    for start in range(0, len(body), size):
        yield body[start : start + size]
