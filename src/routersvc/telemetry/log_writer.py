"""Writes log lines in a thread, so that a blocked standard error never delays a call.

Standard error may be a pipe whose reader is blocked. Records wait in a bounded queue; records that
do not fit are dropped and counted.
"""

from __future__ import annotations

import collections
import logging
from typing import TextIO

from opentelemetry.trace import format_trace_id, get_current_span

from routersvc.telemetry.call_lines import CallLine, call_record
from routersvc.telemetry.queue_threads import QueueThread

CAPACITY = 10_000
"""The largest number of queued records; each takes about a kilobyte of memory."""

PATIENCE = 2.0
"""Seconds that flushing and closing wait for the stream."""


class LogWriter(logging.Handler):
    """Passes records to a thread that formats and writes them."""

    def __init__(self, stream: TextIO, *, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._stream = stream
        self._capacity = capacity
        self._waiting: collections.deque[logging.LogRecord | CallLine] = collections.deque()
        self.dropped = 0
        self._thread = QueueThread(self._write_waiting, name="log-writer", patience=PATIENCE)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record, or drop it if the queue is full.

        The message is formatted here, because the arguments may change, and the trace is looked up
        here, because the thread has no trace context.
        """
        try:
            record.msg = record.getMessage()
        except (TypeError, ValueError):
            # The arguments do not match the message: a defect that must not fail the call.
            self.dropped += 1
            return
        record.args = None
        context = get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = format_trace_id(context.trace_id)
        self._take(record)

    def write_line(self, line: CallLine) -> None:
        """Queue the line of a call, bypassing the loggers; the caller checks the level."""
        self._take(line)

    def _take(self, item: logging.LogRecord | CallLine) -> None:
        if self._thread.is_closing or len(self._waiting) >= self._capacity:
            self.dropped += 1
            return
        self._waiting.append(item)
        self._thread.wake()

    def flush(self) -> None:
        """Wait until the queued records are written, at most `PATIENCE` seconds."""
        self._thread.flush()

    def close(self) -> None:
        """Write the queued records and stop; those not written in `PATIENCE` seconds are lost."""
        self._thread.close()
        super().close()

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
