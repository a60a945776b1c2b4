"""Runs long work of the event loop in slices, so that no request holds up the others.

Work of one step is done at once. Longer work takes turns, whoever's it is: a turn of the event loop
has one slice at most, and between two slices everything else that is ready is served.
"""

from __future__ import annotations

import asyncio
import collections
import weakref
from collections.abc import Callable
from typing import TypeVar

from routersvc.domain.conversation.steps import Steps

T = TypeVar("T")

FIRST_SLICE = 0.005
"""Seconds of the first slice: nearly all work ends within it, also on a busy machine."""

SLICE = 0.002
"""Seconds of each further slice. One step may exceed it a little."""


PAUSES = 3.0
"""The pause after work that is never urgent, as a multiple of the time that it took."""

LONGEST_PAUSE = 0.02


class LoopTurns:
    """Gives turns of one event loop to long works, in the order in which they ask.

    After a turn with a slice comes one without: what a slice delayed is served first.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: collections.deque[asyncio.Future[None]] = collections.deque()

    def take(self) -> bool:
        """Take this turn if no other work has it or waits for one; return whether it was free."""
        if self._is_taken:
            return False
        self._is_taken = True
        asyncio.get_running_loop().call_soon(self._give)
        return True

    async def wait(self) -> None:
        """Wait for a turn of one's own."""
        if self.take():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _give(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                # The next turn is the slice's, the one after it everybody's.
                loop = asyncio.get_running_loop()
                loop.call_soon(loop.call_soon, self._give)
                return
        self._is_taken = False


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
    """Do work whose steps are few, and return its result: the first at once, each other in a turn
    of its own.
    """
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
        try:
            turns = loop_turns()
            seconds = FIRST_SLICE
            if not turns.take():
                await turns.wait()
                seconds = SLICE
            while True:
                ended, result = self._slice(work, seconds)
                if ended:
                    return result[0]
                await turns.wait()
                seconds = SLICE
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

    def _slice(self, work: Steps[T], seconds: float) -> tuple[bool, list[T]]:
        """Do steps for one slice; return whether the work has ended, and with which result."""
        clock = self._clock
        ends_at = clock() + seconds
        try:
            while True:
                next(work)
                if clock() >= ends_at:
                    return False, []
        except StopIteration as end:
            return True, [end.value]
