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
from routersvc.app.reloading import Reloader
from routersvc.settings.settings import Settings
from routersvc.telemetry.logs import log_loop_exception

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that drain the service."""

RELOAD_SIGNAL = signal.SIGHUP
"""The signal that reloads the settings."""

IGNORED_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that log rotation and others send, and whose default would end the process."""


async def serve(
    settings: Settings,
    *,
    stream: TextIO,
    wall_clock: Callable[[], float],
    ready: Callable[[Application], None],
    load: Callable[[], Settings] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; each further signal ends a stage of the drain.

    SIGHUP reloads the settings with `load`, which runs in a thread; without it it is ignored.
    `ready` is called once, when the service accepts calls.

    Raises:
        OSError: an address cannot be bound.
    """
    loop = asyncio.get_running_loop()
    relay = _SignalRelay()
    with _handled_signals(loop, relay), _logged_exceptions(loop):
        async with open_application(
            settings, stream=stream, wall_clock=wall_clock, load=load
        ) as application:
            drain = application.drain
            relay.follow(drain, application.reloader)
            # The objects built so far live as long as the process: exclude them from collection.
            # A collection before it would take 50 ms to find a few hundred objects.
            gc.freeze()
            ready(application)
            await drain.wait_requested()
            await drain.run()


class _SignalRelay:
    """Passes signals on to drain and reloader, including those that arrive before they exist."""

    def __init__(self) -> None:
        self._drain: Drain | None = None
        self._reloader: Reloader | None = None
        self._signalled = False
        self._reload_asked = False

    def reload(self) -> None:
        """Record SIGHUP and ask for a reload."""
        self._reload_asked = True
        if self._reloader is not None:
            self._reloader.ask()
        elif self._drain is not None:
            _ignore(RELOAD_SIGNAL)

    def signalled(self) -> None:
        """Record a signal and request the drain."""
        self._signalled = True
        if self._drain is not None:
            self._drain.request()

    def follow(self, drain: Drain, reloader: Reloader | None) -> None:
        """Make signals request `drain`, and a reload of `reloader`, from now on."""
        self._drain = drain
        self._reloader = reloader
        if self._reload_asked:
            self.reload()
        if self._signalled:
            drain.request()


@contextlib.contextmanager
def _handled_signals(loop: asyncio.AbstractEventLoop, relay: _SignalRelay) -> Generator[None]:
    for number in SIGNALS:
        loop.add_signal_handler(number, relay.signalled)
    loop.add_signal_handler(RELOAD_SIGNAL, relay.reload)
    # A profiler around the service has handlers of its own.
    ignored = [one for one in IGNORED_SIGNALS if signal.getsignal(one) is signal.SIG_DFL]
    for number in ignored:
        loop.add_signal_handler(number, _ignore, number)
    try:
        yield
    finally:
        for number in (*SIGNALS, RELOAD_SIGNAL, *ignored):
            loop.remove_signal_handler(number)


def _ignore(number: signal.Signals) -> None:
    logger.info(
        "signal ignored: it has no meaning for this service",
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
