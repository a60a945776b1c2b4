"""Writes log lines from a thread of its own, so that a slow reader never holds up a call.

Standard error may be a pipe whose reader stands still. Records wait in a queue of bounded length;
what does not fit is dropped and counted. The thread writes what has gathered every
`GATHER_TIME` seconds in one go, because waking it for every line would cost more than the line.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import TextIO

from opentelemetry.trace import format_trace_id, get_current_span

from routersvc.telemetry.call_lines import CallLine, call_record

CAPACITY = 10_000
"""Records that wait at most; each is about a kilobyte of memory."""

GATHER_TIME = 0.2
"""Seconds between two writes."""

PATIENCE = 2.0
"""Seconds that flushing and closing wait for the reader of the stream."""


class LogWriter(logging.Handler):
    """Hands records to a thread that formats and writes them."""

    def __init__(self, stream: TextIO, *, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._stream = stream
        self._capacity = capacity
        self._waiting: collections.deque[logging.LogRecord | CallLine] = collections.deque()
        self._arrived = threading.Event()
        self._hurry = threading.Event()
        self._written = threading.Event()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record to be written soon, or drop it where too many wait.

        Its message is made here, because the arguments may change, and its trace is looked up here,
        because the thread has none.
        """
        try:
            record.msg = record.getMessage()
        except (TypeError, ValueError):
            # The message and its arguments do not fit: a defect that must not reach the caller.
            self.dropped += 1
            return
        record.args = None
        context = get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = format_trace_id(context.trace_id)
        self._take(record)

    def write_line(self, line: CallLine) -> None:
        """Take the line of a call, past the loggers: its level was asked for before it was made."""
        self._take(line)

    def _take(self, item: logging.LogRecord | CallLine) -> None:
        if self._closing or len(self._waiting) >= self._capacity:
            self.dropped += 1
            return
        self._waiting.append(item)
        if not self._arrived.is_set():
            self._arrived.set()

    def flush(self) -> None:
        """Wait until what was taken is written, `PATIENCE` seconds at most."""
        self._written.clear()
        self._hurry.set()
        self._arrived.set()
        if self._thread.is_alive():
            self._written.wait(PATIENCE)

    def close(self) -> None:
        """Write what was taken and end; what the stream does not take in time is lost."""
        self._closing = True
        self._hurry.set()
        self._arrived.set()
        self._thread.join(PATIENCE)
        super().close()

    def _write_all(self) -> None:
        while True:
            self._arrived.wait()
            self._hurry.wait(GATHER_TIME)
            hurried = self._hurry.is_set()
            # Cleared before the queue is emptied: what arrives meanwhile wakes the thread again.
            self._arrived.clear()
            self._hurry.clear()
            closing = self._closing
            self._write_waiting()
            if hurried:
                self._written.set()
            if closing:
                return

    def _write_waiting(self) -> None:
        lines: list[str] = []
        while self._waiting:
            item = self._waiting.popleft()
            try:
                record = call_record(item) if isinstance(item, CallLine) else item
                lines.append(self.format(record))
            except Exception:  # noqa: BLE001 - a record that cannot be formatted must not end the thread
                self.dropped += 1
        if not lines:
            return
        try:
            self._stream.write("\n".join((*lines, "")))
            self._stream.flush()
        except (OSError, ValueError):
            self.dropped += len(lines)
