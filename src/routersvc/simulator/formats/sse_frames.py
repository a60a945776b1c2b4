"""Server-sent events as the vendors write them, complete and truncated."""

from __future__ import annotations

from collections.abc import Sequence

_DATA = b"data: "
_END = b"\n\n"


def data_event(data: bytes) -> bytes:
    """Return an event without a name."""
    return _DATA + data + _END


def named_event(name: str, data: bytes) -> bytes:
    """Return an event with a name."""
    return b"event: %s\n%s%s%s" % (name.encode(), _DATA, data, _END)


def broken_event(frame: bytes) -> bytes:
    """Return the first event of a frame with truncated JSON."""
    head, _, data = frame.partition(_END)[0].partition(_DATA)
    return head + data_event(data[: len(data) // 2])


def grouped(pieces: Sequence[str], tokens_per_chunk: int) -> list[Sequence[str]]:
    """Return the pieces in groups, one for each frame."""
    return [pieces[at : at + tokens_per_chunk] for at in range(0, len(pieces), tokens_per_chunk)]
