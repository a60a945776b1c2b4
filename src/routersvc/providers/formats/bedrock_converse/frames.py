"""Splits AWS's binary event streams into their messages, with botocore's own parser.

A message has typed headers and a payload, and checksums over both. How the bytes are split makes no
difference: what follows a broken message is never read, what preceded it is.
"""

# botocore comes without types; nothing of it leaves this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

from botocore.eventstream import EventStreamBuffer, ParserError

_PIECE = 16 * 1024
"""Bytes given to the parser at once: it copies what it holds for every message in it."""

_BROKEN = (ParserError, struct.error, ValueError, KeyError, IndexError)


class FrameKind(enum.Enum):
    """What a message is."""

    EVENT = "event"
    EXCEPTION = "exception"
    ERROR = "error"
    BROKEN = "broken"


class Frame(NamedTuple):
    """One message: the name of its event or exception, and its payload."""

    kind: FrameKind
    name: str
    payload: bytes


class FrameSplitter:
    """Takes bytes as they arrive and returns the messages they complete.

    Holds at most one message: botocore refuses those that announce more than 24 MiB.
    """

    is_torn = False
    beside = b""

    def __init__(self) -> None:
        self._buffer = EventStreamBuffer()
        self._is_broken = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the messages that `data` completes; one that is broken is the last."""
        frames: list[Frame] = []
        for at in range(0, len(data), _PIECE):
            if self._is_broken:
                break
            self._buffer.add_data(data[at : at + _PIECE])
            try:
                frames += map(_frame, self._buffer)
            except _BROKEN:
                self._is_broken = True
                frames.append(Frame(FrameKind.BROKEN, "", b""))
        return frames


def _frame(message: object) -> Frame:
    headers: dict[str, object] = message.headers  # type: ignore[attr-defined]
    kind = FrameKind(headers[":message-type"])
    match kind:
        case FrameKind.EXCEPTION:
            name = headers[":exception-type"]
        case FrameKind.ERROR:
            name = headers[":error-code"]
        case _:
            name = headers[":event-type"]
    payload: bytes = message.payload  # type: ignore[attr-defined]
    return Frame(kind, str(name), payload)
