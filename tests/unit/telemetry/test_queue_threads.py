"""What waits is written by a thread, and at the latest when somebody waits for it."""

from __future__ import annotations

import collections
import threading

from routersvc.telemetry.queue_threads import QueueThread

PATIENCE = 30.0


class Queue:
    """A queue that a thread empties."""

    def __init__(self) -> None:
        self.waiting: collections.deque[str] = collections.deque()
        self.written: list[str] = []
        self.has_ended = False
        self.thread = QueueThread(self._write, name="test", patience=PATIENCE, ended=self._end)

    def put(self, entry: str) -> None:
        """Add an entry."""
        self.waiting.append(entry)
        self.thread.wake()

    def _write(self) -> None:
        while self.waiting:
            self.written.append(self.waiting.popleft())
            self.thread.pause(0.0)

    def _end(self) -> None:
        self.has_ended = True


def test_flushing_waits_for_what_is_queued() -> None:
    """More than once, and also where nothing is queued."""
    queue = Queue()
    try:
        for place in range(3):
            queue.put(f"entry {place}")
            queue.thread.flush()
            assert queue.written[-1] == f"entry {place}"
        queue.thread.flush()
    finally:
        queue.thread.close()


def test_closing_writes_the_rest_and_ends_the_thread() -> None:
    """`ended` is called after the last entry; a later flush does not wait."""
    queue = Queue()
    queue.put("last")

    queue.thread.close()

    assert queue.written == ["last"]
    assert queue.has_ended
    assert queue.thread.is_closing
    assert "test" not in {thread.name for thread in threading.enumerate()}
    queue.thread.flush()
