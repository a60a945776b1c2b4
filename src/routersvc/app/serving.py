"""Serves until a signal arrives."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Generator
from typing import TextIO

from routersvc.app.application import Application, open_application
from routersvc.app.draining import Drain
from routersvc.settings.settings import Settings
from routersvc.telemetry.logs import log_loop_exception

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that drain the service."""

IGNORED_SIGNALS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that supervisors and log rotation send, and whose default would end the process."""


async def serve(
    settings: Settings,
    *,
    stream: TextIO,
    wall_clock: Callable[[], float],
    ready: Callable[[Application], None],
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; each further signal ends a stage of the drain.

    `ready` is called once, when the service accepts calls.

    Raises:
        OSError: an address cannot be bound.
    """
    loop = asyncio.get_running_loop()
    relay = _SignalRelay()
    with _handled_signals(loop, relay.signalled), _logged_exceptions(loop):
        async with open_application(settings, stream=stream, wall_clock=wall_clock) as application:
            drain = application.drain
            relay.follow(drain)
            # The objects built so far live as long as the process: exclude them from collection.
            # A collection before it would take 50 ms to find a few hundred objects.
            gc.freeze()
            ready(application)
            await drain.wait_requested()
            await drain.run()


class _SignalRelay:
    """Passes signals on to the drain, including signals that arrive before it exists."""

    def __init__(self) -> None:
        self._drain: Drain | None = None
        self._signalled = False

    def signalled(self) -> None:
        """Record a signal and request the drain."""
        self._signalled = True
        if self._drain is not None:
            self._drain.request()

    def follow(self, drain: Drain) -> None:
        """Make signals request `drain` from now on."""
        self._drain = drain
        if self._signalled:
            drain.request()


@contextlib.contextmanager
def _handled_signals(
    loop: asyncio.AbstractEventLoop, handler: Callable[[], None]
) -> Generator[None]:
    for number in SIGNALS:
        loop.add_signal_handler(number, handler)
    # A profiler around the service has handlers of its own.
    ignored = [one for one in IGNORED_SIGNALS if signal.getsignal(one) is signal.SIG_DFL]
    for number in ignored:
        loop.add_signal_handler(number, _ignore, number)
    try:
        yield
    finally:
        for number in (*SIGNALS, *ignored):
            loop.remove_signal_handler(number)


def _ignore(number: signal.Signals) -> None:
    logger.info(
        "signal ignored: settings are read at the start only",
        extra={"fields": {"signal": number.name}},
    )


@contextlib.contextmanager
def _logged_exceptions(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    before = loop.get_exception_handler()
    loop.set_exception_handler(log_loop_exception)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
