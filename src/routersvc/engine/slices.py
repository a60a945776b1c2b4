"""Runs long work of the event loop in slices, so that no request holds up the others.

Work that ends within one slice runs at once. Longer work takes turns: between two slices, of
whichever work, the event loop serves everything else that is ready.
"""

from __future__ import annotations

import asyncio
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


async def in_turns(work: Steps[T]) -> T:
    """Do work whose steps are few, and return its result; others are served between any two."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        await asyncio.sleep(0)


class Slices:
    """The long work of one event loop; `clock` runs with real time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()
        self._pace = asyncio.Lock()

    async def run(self, work: Steps[T]) -> T:
        """Do the work and return its result. A cancelled caller ends the work at its next step."""
        if not self._turn.locked():
            # The common case is one step: it waits for nobody, and for nothing.
            try:
                next(work)
            except StopIteration as end:
                value: T = end.value
                return value
            ended, result = self._slice(work, FIRST_SLICE)
            if ended:
                return result[0]
        try:
            while True:
                async with self._turn:
                    await asyncio.sleep(0)
                    ended, result = self._slice(work)
                    if ended:
                        return result[0]
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

    def _slice(self, work: Steps[T], seconds: float = SLICE) -> tuple[bool, list[T]]:
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
