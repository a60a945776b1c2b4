"""Spreads work over turns of the event loop, so that one peer does not hold up all others.

A read of 256 KB can hold thousands of tiny requests, each of which costs a millisecond of planning.
"""

from __future__ import annotations

import asyncio
import collections
import time
from collections.abc import Callable
from typing import Protocol

from routersvc.grpc_api.edges.nghttp2.calls import Call

SLICE = 8_192
"""Bytes that are parsed at a time."""

EVENTS_PER_TURN = 256
"""Events of one connection after which the rest of a read waits for the next turn."""

CALLS_PER_TURN = 8
"""Calls of all connections whose handlers start in one turn, at most."""

LONG_TURN = 0.003
"""Seconds; after a turn that took longer, fewer calls start in the next one. A call needs some six
turns, so that a caller with one call is served within a few times its usual latency."""


class Reading(Protocol):
    """What can be told to read no more for a while."""

    def pause_reading(self) -> None:
        """Read no more."""
        ...

    def resume_reading(self) -> None:
        """Go on."""
        ...


class Input:
    """What one connection has received. `feed` parses bytes and returns how many events they held.

    `feed` returns `None` when the connection is closed: what is left is dropped.
    """

    __slots__ = ("_feed", "_loop", "_rest")

    def __init__(
        self, feed: Callable[[bytes], int | None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._feed = feed
        self._loop = loop
        self._rest = b""

    def received(self, data: bytes, transport: Reading | None) -> None:
        """Parse what was received, in this turn as far as it holds few events."""
        if self._rest:
            self._rest += data
        elif len(data) <= SLICE:
            self._feed(data)
        else:
            self._parse(data, transport)

    def _parse(self, data: bytes, transport: Reading | None) -> None:
        events = 0
        for start in range(0, len(data), SLICE):
            if events >= EVENTS_PER_TURN:
                if not self._rest and transport is not None:
                    transport.pause_reading()
                self._rest = data[start:]
                self._loop.call_soon(self._go_on, transport)
                return
            found = self._feed(data[start : start + SLICE])
            if found is None:
                break
            events += found
        if self._rest:
            self._rest = b""
            if transport is not None:
                transport.resume_reading()

    def _go_on(self, transport: Reading | None) -> None:
        self._parse(self._rest, transport)


class Starts:
    """The calls of a server whose handlers are to start: in each turn a few.

    Connections take turns, so that a caller does not wait behind the flood of another one. How many
    start follows the time that turns take, by `clock`: it halves after a long turn, and grows by
    one after another.
    """

    __slots__ = ("_clock", "_loop", "_most", "_start", "_started", "_turned_at", "_waiting")

    def __init__(
        self,
        start: Callable[[Call], None],
        loop: asyncio.AbstractEventLoop,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._start = start
        self._loop = loop
        self._clock = clock
        self._most = CALLS_PER_TURN
        self._turned_at = 0.0
        self._started = 0
        self._waiting: dict[object, collections.deque[Call]] = {}

    def __len__(self) -> int:
        """Return how many calls wait."""
        return sum(map(len, self._waiting.values()))

    def add(self, call: Call) -> None:
        """Start the handler of a call in this turn, or in the first that has room."""
        if self._started >= self._most:
            self._waiting.setdefault(call.line, collections.deque()).append(call)
            return
        if not self._started:
            self._turned_at = self._clock()
            self._loop.call_soon(self._next_turn)
        self._started += 1
        self._start(call)

    def _next_turn(self) -> None:
        now = self._clock()
        is_long = now - self._turned_at > LONG_TURN
        self._most = max(1, self._most // 2) if is_long else min(CALLS_PER_TURN, self._most + 1)
        self._turned_at = now
        self._started = 0
        while self._waiting and self._started < self._most:
            line = next(iter(self._waiting))
            calls = self._waiting.pop(line)
            call = calls.popleft()
            if calls:
                self._waiting[line] = calls
            if not call.ended:
                self._started += 1
                self._start(call)
        if self._started:
            self._loop.call_soon(self._next_turn)
