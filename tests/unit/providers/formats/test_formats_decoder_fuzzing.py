"""Arbitrary bytes for every decoder: none may crash, hang or grow."""

from __future__ import annotations

import functools
import json
import tracemalloc
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from bench.wire import corpus
from bench.wire.traffic.records import UnusableRecordError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routersvc.app.replays.adapters import APIS, NamedAdapter, adapter_named
from routersvc.app.replays.framing import CONTENT_TYPES, framed
from routersvc.app.wire_formats import known_wire_formats
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.response_formats import JsonObjectFormat
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.wire_format import ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

FORMATS = sorted(known_wire_formats())
each_format = pytest.mark.parametrize("wire_format", FORMATS)
each_recorded_format = pytest.mark.parametrize(
    "wire_format", sorted({api.wire_format for api in APIS.values()})
)
bounded = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
LONGEST_RECORD = 6_000
"""Bytes: mutations of long answers find no more than those of short ones."""

WORDS = (
    "arguments",
    "call_id",
    "choices",
    "code",
    "completed",
    "content",
    "content_index",
    "delta",
    "done",
    "error",
    "finish_reason",
    "function",
    "id",
    "incomplete",
    "index",
    "input",
    "item",
    "logprobs",
    "message",
    "name",
    "output",
    "output_index",
    "output_text",
    "reasoning",
    "response",
    "response.completed",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "role",
    "status",
    "stop",
    "summary",
    "text",
    "token",
    "tool_calls",
    "type",
    "usage",
)
words = st.sampled_from(WORDS)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=25,
)


def read(
    adapter: NamedAdapter, make_call: MakeCall, pieces: Sequence[bytes], *, streaming: bool
) -> tuple[list[AnswerEvent], Failure | None]:
    """Return what a decoder makes of a body; anything but its own failure escapes."""
    kind = CONTENT_TYPES[adapter.framing] if streaming else "application/json"
    head = ResponseHead(status=200, headers={"content-type": kind}, received_at=0.0)
    call = make_call(streaming=streaming, logprobs=1, response_format=JsonObjectFormat())
    decoder = adapter.wire_format.decoder(call, head)
    events: list[AnswerEvent] = []
    for piece in pieces:
        events += decoder.feed(piece)
    try:
        events += decoder.end()
    except AttemptFailedError as error:
        return events, error.failure
    return events, None


def judge(
    adapter: NamedAdapter, make_call: MakeCall, body: bytes, cut: int, *, streaming: bool
) -> None:
    """Hold a body to everything that holds for all of them."""
    events, failure = read(adapter, make_call, [body], streaming=streaming)

    ends = [event for event in events if isinstance(event, Finished)]
    assert len(ends) == (0 if failure is not None else 1)
    assert failure is not None or isinstance(events[-1], Finished)
    in_two = read(adapter, make_call, [body[:cut], body[cut:]], streaming=streaming)
    assert in_two == (events, failure)


@functools.cache
def recorded(wire_format: str) -> Sequence[tuple[bytes, bool]]:
    """Return short recorded bodies of a format, each with whether it is a stream."""
    wire = corpus.folder()
    if wire is None:
        return [(b"{}", False)]
    found: list[tuple[bytes, bool]] = []
    for row in corpus.rows(wire):
        api = APIS.get(row.api)
        if api is None or api.wire_format != wire_format or len(found) > 60:
            continue
        try:
            record = corpus.record(wire, row.file)
        except UnusableRecordError:
            continue
        if record.status == 200 and len(record.body) < LONGEST_RECORD:
            found.append((record.body, record.streaming))
    return found


@each_format
@bounded
@given(body=st.binary(max_size=400), cut=st.integers(0, 400), streaming=st.booleans())
def test_any_bytes(
    make_call: MakeCall, wire_format: str, body: bytes, cut: int, *, streaming: bool
) -> None:
    """A broken proxy sends anything."""
    judge(adapter_named(wire_format), make_call, body, cut, streaming=streaming)


@each_format
@bounded
@given(values=st.lists(json_values, max_size=6), cut=st.integers(0, 2_000), streaming=st.booleans())
def test_any_json(
    make_call: MakeCall, wire_format: str, values: list[object], cut: int, *, streaming: bool
) -> None:
    """Known keys in arbitrary shapes."""
    adapter = adapter_named(wire_format)
    payloads = [json.dumps(value) for value in values]
    body = framed(payloads, adapter.framing) if streaming else "".join(payloads).encode()

    judge(adapter, make_call, body, cut, streaming=streaming)


@each_recorded_format
@bounded
@given(data=st.data())
def test_recorded_answers_with_anything_changed(
    make_call: MakeCall, wire_format: str, data: st.DataObject
) -> None:
    """Nearly right is where decoders go wrong."""
    body, streaming = data.draw(st.sampled_from(recorded(wire_format)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        to = data.draw(st.integers(at, min(len(body), at + 60)))
        other = data.draw(
            st.binary(max_size=6)
            | st.sampled_from([b"null", b"[]", b"{}", b"-1", b'"', b"\n\n", b"\r", b"1e999"])
            | st.just(body[at:to] * 2)
        )
        body = body[:at] + other + body[to:]

    judge(
        adapter_named(wire_format),
        make_call,
        body,
        data.draw(st.integers(0, len(body))),
        streaming=streaming,
    )


@each_format
def test_events_that_never_end_fill_no_memory(make_call: MakeCall, wire_format: str) -> None:
    """A provider must not be able to take the router down."""
    adapter = adapter_named(wire_format)
    head = ResponseHead(
        status=200, headers={"content-type": CONTENT_TYPES[adapter.framing]}, received_at=0.0
    )
    decoder = adapter.wire_format.decoder(make_call(streaming=True), head)
    piece = b"data: " + b"x" * (1024 * 1024)

    tracemalloc.start()
    for _ in range(48):
        decoder.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert decoder.failure is not None
    assert peak < 40 * 1024 * 1024
