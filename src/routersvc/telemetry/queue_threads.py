"""A thread that writes what waits in a queue, so that slow output never delays a call.

It gathers for `GATHER_TIME` seconds before it writes, because waking it for every entry would cost
more than the entry.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

GATHER_TIME = 0.2
"""Seconds between two batches."""


def _nothing() -> None:
    """Do nothing."""


class QueueThread:
    """Calls `write_waiting` in a thread after each `wake`, and `ended` after the last time.

    `patience` is how many seconds flushing and closing wait.
    """

    def __init__(
        self,
        write_waiting: Callable[[], None],
        *,
        name: str,
        patience: float,
        ended: Callable[[], None] = _nothing,
    ) -> None:
        self._write_waiting = write_waiting
        self._ended = ended
        self._patience = patience
        self._arrived = threading.Event()
        self._hurry = threading.Event()
        self._written = threading.Event()
        self.is_closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        if not self._arrived.is_set():
            self._arrived.set()

    def pause(self, seconds: float) -> None:
        """Wait in the thread, unless somebody waits for it."""
        self._hurry.wait(seconds)

    def flush(self) -> None:
        """Wait until what waits is written, at most `patience` seconds."""
        self._written.clear()
        self._hurry.set()
        self._arrived.set()
        if self._thread.is_alive():
            self._written.wait(self._patience)

    def close(self) -> None:
        """Write what waits and stop; what is not written in `patience` seconds is lost."""
        self.is_closing = True
        self._hurry.set()
        self._arrived.set()
        self._thread.join(self._patience)

    def _run(self) -> None:
        while True:
            self._arrived.wait()
            self._hurry.wait(GATHER_TIME)
            hurried = self._hurry.is_set()
            # Cleared before the queue is emptied: later entries wake the thread again.
            self._arrived.clear()
            self._hurry.clear()
            closing = self.is_closing
            self._write_waiting()
            if hurried:
                self._written.set()
            if closing:
                self._ended()
                return
