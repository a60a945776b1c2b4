"""Event streams, whole and in pieces."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.providers.reading.sse import EventTooLargeError, SseDecoder, SseEvent

LINES = st.sampled_from(
    [
        b"data: {}",
        b"data:x",
        b"data:  two spaces",
        b"data",
        b"data:",
        b"event: error",
        b"event",
        b": keep-alive",
        b":",
        b"id: 7",
        b"retry: 3000",
        b"unknown: x",
        "data: \u2028 and \u0085 end no line".encode(),
        "data: grüße 😀".encode(),
        b"",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


def stream_of(mark: bytes, lines: list[tuple[bytes, bytes]], rest: bytes) -> bytes:
    """Put a stream together."""
    return mark + b"".join(itertools.chain.from_iterable(lines)) + rest


STREAMS = st.builds(
    stream_of,
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(LINES, ENDS), max_size=20),
    st.sampled_from([b"", b"data: never ended", b"dat"]),
)


def decoded(pieces: Sequence[bytes]) -> list[SseEvent]:
    """Return the events of a stream that arrives in these pieces."""
    decoder = SseDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def pieces_of(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut a stream at these offsets."""
    edges = [0, *sorted(cut for cut in cuts if cut <= len(stream)), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


def by_the_standard(stream: bytes) -> list[SseEvent]:
    """Read a whole stream as slowly and plainly as the standard describes it."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events: list[SseEvent] = []
    name, data = b"", b""
    for line in text.split(b"\n")[:-1]:
        if not line:
            if data:
                events.append(SseEvent(name, data[:-1]))
            name, data = b"", b""
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data += value + b"\n"
        elif field == b"event":
            name = value
    return events


@given(stream=STREAMS, cuts=st.lists(st.integers(min_value=0, max_value=300), max_size=8))
def test_any_split_gives_what_the_standard_says(stream: bytes, cuts: list[int]) -> None:
    """Networks cut anywhere, in the middle of a line end or of a character too."""
    assert decoded(pieces_of(stream, cuts)) == by_the_standard(stream)


@given(stream=STREAMS)
def test_byte_by_byte_gives_what_the_standard_says(stream: bytes) -> None:
    """The finest of all splits."""
    assert decoded([bytes([byte]) for byte in stream]) == by_the_standard(stream)


def test_frames_that_arrive_whole_are_read_whole() -> None:
    """The common case takes a shorter way that must lead to the same place."""
    decoder = SseDecoder()
    decoder.feed(b": hello\n\n")

    events = decoder.feed(b'data: {"a": 1}\n\ndata: two\ndata: lines\n\nevent: error\ndata: x\n\n')

    assert events == [
        SseEvent(b"", b'{"a": 1}'),
        SseEvent(b"", b"two\nlines"),
        SseEvent(b"error", b"x"),
    ]


def test_comments_are_no_events() -> None:
    """They only show that the other side lives."""
    assert decoded([b": OPENROUTER PROCESSING\n\n", b":\n\n"]) == []


def test_event_without_its_empty_line_is_none() -> None:
    """A stream that was cut must not yield its last, broken event."""
    assert decoded([b"data: [DONE]\n"]) == []


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 100],
        [b"data: " + b"x" * 100 + b"\n\n"],
        [b"data: 1\n\n", b"data: " + b"x" * 100 + b"\n\n"],
        [b"x" * 60, b"x" * 60],
        [b"data: 12345678901234567890\n"] * 5,
    ],
    ids=["line", "event", "later event", "line in pieces", "many lines"],
)
def test_event_past_the_limit_is_refused(pieces: list[bytes]) -> None:
    """A provider that never ends an event must not fill the memory."""
    decoder = SseDecoder(max_event_bytes=64)

    with pytest.raises(EventTooLargeError, match="more than 64 bytes"):
        list(map(decoder.feed, pieces))


def test_limit_is_of_one_event_and_not_of_what_arrives_together() -> None:
    """Many small events in one read are no large one."""
    decoder = SseDecoder(max_event_bytes=64)
    decoder.feed(b"\n")

    assert len(decoder.feed(b"data: 1\n\n" * 100)) == 100
