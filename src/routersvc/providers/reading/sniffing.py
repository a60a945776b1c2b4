"""Tells streams from JSON bodies by their first bytes, whatever the response announces."""

from __future__ import annotations

from collections.abc import Callable

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.wire_format import AnswerDecoder

_STREAM_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":", b"\0")
"""How streams begin and JSON does not: server-sent events, and the length of a binary message."""

_JSON_STARTS = (b"{", b"[")

_LONGEST_START = max(map(len, _STREAM_STARTS))
_MOST_BLANKS = 1_024
"""Bytes of white space after which a body is JSON, if anything."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class SniffingDecoder:
    """An `AnswerDecoder` that chooses between two others when the first bytes have come."""

    def __init__(
        self,
        *,
        stream: Callable[[], AnswerDecoder],
        body: Callable[[], AnswerDecoder],
        announces_stream: bool = False,
    ) -> None:
        """`announces_stream`: only what begins as JSON does is a body."""
        self._announces_stream = announces_stream
        self._stream = stream
        self._body = body
        self._begun = b""
        self._chosen: AnswerDecoder | None = None

    @property
    def failure(self) -> Failure | None:
        """The failure that stopped reading, if any."""
        return None if self._chosen is None else self._chosen.failure

    @property
    def may_end(self) -> bool:
        """Whether the answer is complete although the body has not ended."""
        return self._chosen is not None and self._chosen.may_end

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes."""
        if self._chosen is not None:
            return self._chosen.feed(data)
        self._begun += data
        start = self._begun.removeprefix(_BYTE_ORDER_MARK).lstrip()
        enough = 1 if self._announces_stream else _LONGEST_START
        if len(start) < enough and len(self._begun) < _MOST_BLANKS:
            return []
        return self._choose(start)

    def end(self) -> list[AnswerEvent]:
        """Return the last events.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        events: list[AnswerEvent] = []
        if self._chosen is None:
            events = self._choose(self._begun)
        return events + self._decoder.end()

    @property
    def _decoder(self) -> AnswerDecoder:
        if self._chosen is None:
            raise AssertionError("the first bytes have chosen a decoder")
        return self._chosen

    def _choose(self, start: bytes) -> list[AnswerEvent]:
        is_stream = start.startswith(_STREAM_STARTS) or (
            self._announces_stream and not start.startswith(_JSON_STARTS)
        )
        self._chosen = self._stream() if is_stream else self._body()
        begun, self._begun = self._begun, b""
        return self._chosen.feed(begun)
