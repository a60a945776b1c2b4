"""Runs the router and records every long turn of its event loop.

`python -m bench.hostile.watched_router FILE serve --config ...`: FILE gets a line for each turn in
which the loop's thread used more CPU time than `RECORDED_FROM`: the instant and the CPU seconds.
A timer fires once in each turn that takes a millisecond or more, so that what was used between two
firings is that of one turn, or of a few short ones.
"""

from __future__ import annotations

import asyncio
import pathlib
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TextIO
from unittest import mock

from routersvc.app.serving import serve
from routersvc.cli import main
from routersvc.cli.actions import serving

RECORDED_FROM = 0.005
TICK = 0.001


class TurnRecorder:
    """Writes long turns to a file, from a timer of the running event loop."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._used = time.thread_time()

    def tick(self) -> None:
        """Record the turn that has ended if it was long."""
        used = time.thread_time()
        if used - self._used >= RECORDED_FROM:
            print(time.monotonic(), used - self._used, file=self._file, flush=True)
        self._used = used
        self._loop.call_later(TICK, self.tick)


def _recording(
    serve: Callable[..., Awaitable[None]], file: TextIO
) -> Callable[..., Awaitable[None]]:
    async def serve_recorded(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        TurnRecorder(file).tick()
        await serve(*arguments, **named)

    return serve_recorded


if __name__ == "__main__":
    with pathlib.Path(sys.argv.pop(1)).open("w", encoding="utf-8") as turns:
        watched = _recording(serve, turns)
        with mock.patch.object(serving, "serve_application", watched):
            main()
