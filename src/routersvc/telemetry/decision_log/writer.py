"""Writes records in a thread, so that neither their making nor a slow disk delays a call.

Decisions wait in a queue that is bounded by number and by the size of their prompts; those that do
not fit are dropped and counted. After each record the thread pauses for a moment, so that the event
loop waits for the interpreter lock at most as long as one record takes; it goes without pauses only
while half of the queue is full.
"""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Callable

from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.explaining.ended_decisions import EndedDecision
from routersvc.domain.values import Value
from routersvc.telemetry.decision_log.files import DecisionFiles
from routersvc.telemetry.queue_threads import QueueThread

logger = logging.getLogger(__name__)

CAPACITY = 10_000
"""The largest number of queued decisions; each takes some 5 KB of memory."""

MOST_BYTES = 32 * 1024 * 1024
"""The most bytes of prompts that are queued, if prompts are logged."""

PAUSE = 0.0002
"""Seconds between two records."""

PATIENCE = 5.0
"""Seconds that flushing and closing wait for the disk."""


class Queued(Value, frozen=True):
    """A decision that waits for its record. `prompt` is `None` unless prompts are logged.

    `size` is roughly that of the prompt in bytes.
    """

    ended: EndedDecision
    prompt: Prompt | None = None
    size: int = 0


class DecisionLogWriter:
    """Passes decisions to a thread that makes their lines and writes them.

    `line_of` makes the line of a decision, with its line break.
    """

    def __init__(
        self,
        files: DecisionFiles,
        line_of: Callable[[Queued], bytes],
        *,
        capacity: int = CAPACITY,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._files = files
        self._line_of = line_of
        self._capacity = capacity
        self._most_bytes = most_bytes
        self._bytes = 0
        self._waiting: collections.deque[Queued] = collections.deque()
        self._is_failing = False
        self._is_defective = False
        self._lock = threading.Lock()
        self._refused = 0
        self._failed = 0
        self.written = 0
        self._thread = QueueThread(
            self._write_waiting, name="decision-log", patience=PATIENCE, ended=files.close
        )

    @property
    def dropped(self) -> int:
        """How many decisions were not written."""
        return self._refused + self._failed

    def put(self, queued: Queued) -> None:
        """Queue a decision, or drop it if the queue is full. Called on the event loop only."""
        if (
            self._thread.is_closing
            or len(self._waiting) >= self._capacity
            or self._bytes + queued.size > self._most_bytes
        ):
            self._refused += 1
            return
        if queued.size:
            with self._lock:
                self._bytes += queued.size
        self._waiting.append(queued)
        self._thread.wake()

    def flush(self) -> None:
        """Wait until the queued decisions are written, at most `PATIENCE` seconds."""
        self._thread.flush()

    def close(self) -> None:
        """Write what is queued and stop; what is not written in `PATIENCE` seconds is lost."""
        self._thread.close()

    def _write_waiting(self) -> None:
        while self._waiting:
            queued = self._waiting.popleft()
            if queued.size:
                with self._lock:
                    self._bytes -= queued.size
            try:
                line = self._line_of(queued)
            except Exception:
                # A defect in making one record must not end the thread, nor fill the other log.
                self._failed += 1
                if not self._is_defective:
                    logger.exception("decision not recorded")
                self._is_defective = True
                continue
            self._is_defective = False
            self._write(line)
            if not self._thread.is_closing and len(self._waiting) < self._capacity // 2:
                self._thread.pause(PAUSE)

    def _write(self, line: bytes) -> None:
        try:
            self._files.write(line)
        except OSError as error:
            self._failed += 1
            if not self._is_failing:
                # Once, until a record can be written again.
                logger.warning(
                    "decision log cannot be written",
                    extra={"fields": {"reason": error.strerror or str(error)}},
                )
            self._is_failing = True
        else:
            self.written += 1
            if self._is_failing:
                logger.info("decision log is written again")
            self._is_failing = False
