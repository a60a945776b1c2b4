"""Serves until a signal says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Generator
from typing import TextIO

from routersvc.app.application import Application, open_application
from routersvc.settings.settings import Settings
from routersvc.telemetry.logs import log_loop_exception

SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def serve(
    settings: Settings,
    *,
    stream: TextIO,
    wall_clock: Callable[[], float],
    ready: Callable[[Application], None],
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; each further signal ends a stage of the drain.

    `ready` is called once, when calls are welcome.

    Raises:
        OSError: an address cannot be bound.
    """
    loop = asyncio.get_running_loop()
    async with open_application(settings, stream=stream, wall_clock=wall_clock) as application:
        drain = application.drain
        with _handled_signals(loop, drain.request), _logged_exceptions(loop):
            # What stands now stands for good: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            ready(application)
            await drain.wait_requested()
            await drain.run()
            # Here, where a further signal is still taken note of, because it takes a moment.
            await application.router.stop_checks()


@contextlib.contextmanager
def _handled_signals(
    loop: asyncio.AbstractEventLoop, handler: Callable[[], None]
) -> Generator[None]:
    for number in SIGNALS:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _logged_exceptions(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    before = loop.get_exception_handler()
    loop.set_exception_handler(log_loop_exception)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
