"""Runs long work of the event loop in slices, so that no request holds up the others.

Work of one step is done at once. So is work that ends in the time that a turn of the event loop has
for all such work. Longer works take turns, those of all callers together: every second turn has a
slice of one of them, and the turn after it serves everything else.
"""

from __future__ import annotations

import asyncio
import collections
import weakref
from collections.abc import Callable
from typing import TypeVar

from routersvc.domain.conversation.steps import Steps

T = TypeVar("T")

TURN = 0.003
"""Seconds of one turn of the loop for all work that is done at once: nearly all work ends within
it, also on a busy machine."""

SLICE = 0.002
"""Seconds of a slice. One step may exceed it a little."""


PAUSES = 3.0
"""The pause after work that is never urgent, as a multiple of the time that it took."""

LONGEST_PAUSE = 0.02


class LoopTurns:
    """Shares out the time of one event loop's turns."""

    def __init__(self) -> None:
        self._ends_at: float | None = None
        self._is_counting = False
        self._had_slice = False
        self._waiting: collections.deque[asyncio.Future[None]] = collections.deque()

    def share(self, now: float) -> float:
        """Return until when work may be done at once in this turn; in the past if no more may."""
        if self._ends_at is None:
            self._ends_at = now + TURN
            self._count()
        return self._ends_at

    async def wait(self) -> None:
        """Wait for a slice, in the order of asking."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._count()
        await turn

    def _count(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._ends_at = None
        self._is_counting = False
        if self._had_slice:
            # What the slice delayed is served first.
            self._had_slice = False
        else:
            self._give()
        if self._had_slice or self._waiting:
            self._count()

    def _give(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._had_slice = True
                return


_TURNS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopTurns] = (
    weakref.WeakKeyDictionary()
)


def loop_turns() -> LoopTurns:
    """Return the turns of the running event loop."""
    loop = asyncio.get_running_loop()
    turns = _TURNS.get(loop)
    if turns is None:
        turns = _TURNS[loop] = LoopTurns()
    return turns


async def in_turns(work: Steps[T]) -> T:
    """Do work whose steps are few, and return its result: each step but the first is a slice."""
    try:
        next(work)
        turns = loop_turns()
        while True:
            await turns.wait()
            next(work)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        work.close()


class Slices:
    """The long work of one router; `clock` runs with real time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pace = asyncio.Lock()

    async def run(self, work: Steps[T]) -> T:
        """Do the work and return its result. A cancelled caller ends the work at its next step."""
        # The common case is one step: it waits for nobody, and for nothing.
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value
        clock = self._clock
        turns = loop_turns()
        try:
            now = clock()
            ends_at = turns.share(now)
            if now >= ends_at:
                ends_at = await self._own_slice(turns)
            while True:
                ended, result = self._slice(work, ends_at)
                if ended:
                    if clock() >= ends_at:
                        # What its caller does next begins in a turn of its own.
                        await asyncio.sleep(0)
                    return result[0]
                ends_at = await self._own_slice(turns)
        finally:
            work.close()

    async def run_in_turn(self, work: Steps[T]) -> T:
        """Do work that is never urgent: one at a time, with pauses that leave time for calls."""
        await self._pace.acquire()
        began = self._clock()
        try:
            return await self.run(work)
        finally:
            pause = min(LONGEST_PAUSE, PAUSES * (self._clock() - began))
            asyncio.get_running_loop().call_later(pause, self._pace.release)

    async def _own_slice(self, turns: LoopTurns) -> float:
        """Wait for a slice, and return when it ends. It counts for the time of its turn."""
        await turns.wait()
        now = self._clock()
        turns.share(now)
        return now + SLICE

    def _slice(self, work: Steps[T], ends_at: float) -> tuple[bool, list[T]]:
        """Do at least one step; return whether the work has ended, and with which result."""
        clock = self._clock
        try:
            while True:
                next(work)
                if clock() >= ends_at:
                    return False, []
        except StopIteration as end:
            return True, [end.value]
