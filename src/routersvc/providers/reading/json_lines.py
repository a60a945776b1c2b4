"""Splits a stream of JSON lines (NDJSON) into its lines, however its bytes arrive.

A line ends with LF, or CR and LF; empty lines are ignored. Bytes after the last line end are kept
apart as `unfinished`: the answer may have been truncated there.
"""

from __future__ import annotations

from routersvc.providers.reading.sse import DEFAULT_MAX_EVENT_BYTES, EventTooLargeError


class LineSplitter:
    """Takes bytes as they arrive and returns the lines they complete.

    Holds at most `max_line_bytes` and what was fed last.
    """

    def __init__(self, *, max_line_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max_line_bytes = max_line_bytes
        self._begun = bytearray()

    is_torn = False
    beside = b""

    @property
    def unfinished(self) -> bytes:
        """The line that has begun and not ended."""
        return bytes(self._begun)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends.

        Raises:
            EventTooLargeError: a line grew past the limit; the splitter is of no further use.
        """
        *lines, rest = data.split(b"\n")
        if lines and self._begun:
            lines[0] = bytes(self._begun) + lines[0]
            self._begun.clear()
        self._begun += rest
        if max(len(self._begun), *map(len, lines), 0) > self._max_line_bytes:
            raise EventTooLargeError(self._max_line_bytes)
        return [line for line in (line.strip() for line in lines) if line]
