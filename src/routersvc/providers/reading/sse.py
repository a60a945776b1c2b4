"""Splits a server-sent event stream into its events, however its bytes arrive.

WHATWG HTML, section 9.2.6, on bytes: fields are lines ended by LF, CR or CRLF, an empty line
dispatches, `data` over several lines is joined with LF, a byte order mark at the start is skipped.
U+0085 and U+2028 are content, as in the standard. Left out: `id` and `retry`, because an answer
cannot be resumed, and decoding to text, which the reader of the event does. An event without its
final empty line is not dispatched.

The standard ignores lines that are no fields. They are kept beside the events, because Google
writes an error between them as bare JSON.
"""

from __future__ import annotations

from typing import NamedTuple

from routersvc.providers.reading.json_values import json_object

DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Pictures and sound come as base64 inside one event; the largest seen have a few megabytes."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = (b"\n", b"\r")
_OTHER_FIELDS = frozenset({b"", b"id", b"retry"})
"""Comments, which are fields without a name, and the fields that are left out on purpose."""

_MAX_FOREIGN_BYTES = 64 * 1024


class SseEvent(NamedTuple):
    """One event: its name, empty where the stream gave none, and its data."""

    name: bytes
    data: bytes


class EventTooLargeError(Exception):
    """An event is larger than the decoder may hold."""

    def __init__(self, max_event_bytes: int) -> None:
        super().__init__(f"an event has more than {max_event_bytes} bytes")
        self.max_event_bytes = max_event_bytes


class SseDecoder:
    """Takes bytes as they arrive and returns the events they complete.

    How the bytes are split makes no difference to the events. Comments make no events: they only
    show that the connection is alive. Holds at most `max_event_bytes` and what was fed last.
    """

    def __init__(self, *, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._data_size = 0
        self._begun = False
        self._after_carriage_return = False
        self._between_events = False
        self._ends_in_pairs = False
        self._foreign = bytearray()

    @property
    def is_between_events(self) -> bool:
        """Whether an event is about to begin, and none has begun."""
        return self._between_events or not (self._begun or self._line)

    @property
    def foreign(self) -> bytes:
        """The lines that are no fields, or as much of them as an error can need."""
        return bytes(self._foreign)

    @property
    def beside(self) -> bytes:
        """The lines that are no fields, with the one that has begun where it is none either."""
        return bytes(self._foreign) + bytes(self._line)

    @property
    def unfinished(self) -> bytes | None:
        """The data of an event that has not ended, with what has begun; `None` between events.

        Where lines end with CR and LF, a CR alone at the very end is half of what was sent.
        """
        if self._line:
            return b"\n".join((*self._data, bytes(self._line)))
        if self._data or (self._after_carriage_return and self._ends_in_pairs):
            return b"\n".join(self._data)
        return None

    @property
    def is_torn(self) -> bool:
        """Whether what has begun is part of an event, and not one that lacks its last line ends."""
        line = bytes(self._line)
        data = list(self._data)
        if line and not line.startswith(b":"):
            field, _, value = line.partition(b":")
            if field != b"data":
                return not self._foreign
            data.append(value.removeprefix(b" "))
        if not data:
            return False
        payload = b"\n".join(data)
        return payload != b"[DONE]" and json_object(payload) is None

    def feed(self, data: bytes) -> list[SseEvent]:
        """Return the events that `data` completes.

        Raises:
            EventTooLargeError: an event grew past the limit; the decoder is of no further use.
        """
        events: list[SseEvent] = []
        if (
            not self._begun
            and not self._line
            and data
            and not data.startswith(_BYTE_ORDER_MARK[:1])
        ):
            self._begun = self._between_events = True
        if self._between_events and len(data) <= self._max_event_bytes and b"\r" not in data:
            data = self._feed_frames(data, events)
        if data:
            self._feed_lines(data, events)
        return events

    def _feed_frames(self, data: bytes, events: list[SseEvent]) -> bytes:
        """Take the whole events at the start of `data`, between events; return what follows."""
        end = data.rfind(b"\n\n")
        if end < 0:
            return data
        if data.startswith(b"data: "):
            payloads = data[6:end].split(b"\n\ndata: ")
            if data.count(b"\n", 0, end) == 2 * (len(payloads) - 1):
                events.extend([SseEvent(b"", payload) for payload in payloads])
                return data[end + 2 :]
        for frame in data[:end].split(b"\n\n"):
            if frame.startswith(b"data: ") and b"\n" not in frame:
                events.append(SseEvent(b"", frame[6:]))
            else:
                for line in frame.split(b"\n"):
                    self._take_line(line, events)
                self._take_line(b"", events)
        return data[end + 2 :]

    def _feed_lines(self, data: bytes, events: list[SseEvent]) -> None:
        if not self._begun:
            data = self._without_byte_order_mark(data)
        if self._after_carriage_return and data:
            self._after_carriage_return = False
            self._ends_in_pairs = self._ends_in_pairs or data.startswith(b"\n")
            data = data.removeprefix(b"\n")
        if not data:
            return
        self._ends_in_pairs = self._ends_in_pairs or b"\r\n" in data
        lines = data.splitlines(keepends=True)
        rest = b"" if lines[-1].endswith(_LINE_ENDS) else lines.pop()
        for line in lines:
            content = line.rstrip(b"\r\n")
            if self._line:
                content = bytes(self._line + content)
                self._line.clear()
            self._take_line(content, events)
        self._line += rest
        self._check_size(len(self._line))
        self._after_carriage_return = not rest and data.endswith(b"\r")
        self._between_events = not (
            self._line or self._data or self._name or self._after_carriage_return
        )

    def _without_byte_order_mark(self, data: bytes) -> bytes:
        data = bytes(self._line) + data
        self._line.clear()
        if len(data) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(data):
            self._line += data
            return b""
        self._begun = True
        return data.removeprefix(_BYTE_ORDER_MARK)

    def _take_line(self, line: bytes, events: list[SseEvent]) -> None:
        if not line:
            if self._data:
                events.append(SseEvent(self._name, b"\n".join(self._data)))
                self._data.clear()
                self._data_size = 0
            self._name = b""
            return
        self._check_size(len(line))
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_size += len(value) + 1
        elif field == b"event":
            self._name = value
        elif field not in _OTHER_FIELDS and len(self._foreign) < _MAX_FOREIGN_BYTES:
            self._foreign += line[:_MAX_FOREIGN_BYTES] + b"\n"

    def _check_size(self, more: int) -> None:
        if self._data_size + more > self._max_event_bytes:
            raise EventTooLargeError(self._max_event_bytes)
