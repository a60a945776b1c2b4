"""Frames of the AWS event stream, as the vendor's own parser and recorded bytes have them."""

# The SDK comes without types, or with types that are not whole.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import base64
import json
import pathlib

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator.formats import event_stream_frames


def _parsed(data: bytes) -> list[tuple[dict[str, str], bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


@given(kind=st.text(min_size=1, max_size=40), payload=st.binary(max_size=4096))
def test_the_vendors_parser_reads_every_frame(kind: str, payload: bytes) -> None:
    """Lengths and checksums are right whatever is in a frame."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}

    assert _parsed(event_stream_frames.event(kind, payload)) == [(headers, payload)]


def test_a_flipped_bit_is_found() -> None:
    """The checksums are there to be checked."""
    whole = bytearray(event_stream_frames.event("metadata", b"{}"))
    whole[-6] ^= 1

    with pytest.raises(ChecksumMismatch):
        _parsed(bytes(whole))


def test_half_a_payload_has_true_checksums() -> None:
    """Only the JSON is broken: HTTP, lengths and checksums are content."""
    first = event_stream_frames.event("contentBlockDelta", b'{"delta":{"text":"a"}}')
    second = event_stream_frames.event("contentBlockStop", b"{}")

    [(headers, payload)] = _parsed(event_stream_frames.with_half_the_payload(first + second))

    assert (headers[":event-type"], payload) == ("contentBlockDelta", b'{"delta":{"')


@pytest.mark.parametrize(
    "part",
    [
        "errors/bedrock/rate_limit.200.stream.eventstream-first-frame-throttling",
        "errors/bedrock/invalid_request.200.stream.eventstream-midstream-validationexception",
        "bedrock/basic/converse.stream.test-bedrock-model-stream-with-extra-headers.7a34ff21",
    ],
)
def test_frames_are_those_that_were_recorded(shared: pathlib.Path, part: str) -> None:
    """Byte for byte: the same headers in the same order, the same checksums."""
    record = json.loads((shared / f"wire/{part}.json").read_text(encoding="utf-8"))
    recorded = base64.b64decode(record["response"]["base64"])

    written = b"".join(
        event_stream_frames.frame(headers.items(), payload)
        for headers, payload in _parsed(recorded)
    )
    named = b"".join(
        event_stream_frames.event(headers[":event-type"], payload)
        if ":event-type" in headers
        else event_stream_frames.exception(headers[":exception-type"], payload)
        for headers, payload in _parsed(recorded)
    )

    assert written == recorded
    assert named == recorded
