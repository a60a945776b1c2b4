"""Counts the connections and requests of one provider, and wakes those who wait for a count."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """Current, peak and total numbers of connections and requests.

    `peak_*` are the peaks since the start or the last reset.
    """

    open_connections: int = 0
    requests_in_flight: int = 0
    peak_open_connections: int = 0
    peak_requests_in_flight: int = 0
    connections_accepted: int = 0
    requests_received: int = 0


class ActivityCounter:
    """Counts connections and requests; waiters see every change in order of arrival."""

    def __init__(self) -> None:
        self._open = 0
        self._in_flight = 0
        self._peak_open = 0
        self._peak_in_flight = 0
        self._accepted = 0
        self._received = 0
        self._waiting: list[tuple[Callable[[Activity], bool], asyncio.Future[Activity]]] = []

    def now(self) -> Activity:
        """Return the current counts."""
        return Activity(
            open_connections=self._open,
            requests_in_flight=self._in_flight,
            peak_open_connections=self._peak_open,
            peak_requests_in_flight=self._peak_in_flight,
            connections_accepted=self._accepted,
            requests_received=self._received,
        )

    def connection_opened(self) -> None:
        """Count an accepted connection."""
        self._accepted += 1
        self._open += 1
        self._peak_open = max(self._peak_open, self._open)
        self._wake_waiters()

    def connection_closed(self) -> None:
        """Count a closed connection."""
        self._open -= 1
        self._wake_waiters()

    def request_started(self) -> None:
        """Count a received request."""
        self._received += 1
        self._in_flight += 1
        self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
        self._wake_waiters()

    def request_ended(self) -> None:
        """Count an ended request."""
        self._in_flight -= 1
        self._wake_waiters()

    def reset_peaks(self) -> None:
        """Set the peaks to the current counts."""
        self._peak_open = self._open
        self._peak_in_flight = self._in_flight

    async def when(self, condition: Callable[[Activity], bool]) -> Activity:
        """Wait until the counts fulfil a condition, and return them."""
        now = self.now()
        if condition(now):
            return now
        future: asyncio.Future[Activity] = asyncio.get_running_loop().create_future()
        entry = (condition, future)
        self._waiting.append(entry)
        try:
            return await future
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    def _wake_waiters(self) -> None:
        if not self._waiting:
            return
        now = self.now()
        for entry in tuple(self._waiting):
            condition, future = entry
            if not future.done() and condition(now):
                future.set_result(now)
                self._waiting.remove(entry)
