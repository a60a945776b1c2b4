"""Sets up the standard library's logging for a service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Generator, Mapping
from typing import TextIO

from routersvc.telemetry.log_formats import formatter
from routersvc.telemetry.log_writer import LogWriter
from routersvc.telemetry.options import LogOptions

ROUTER_LOGGER = "routersvc"

_logger = logging.getLogger("routersvc.tasks")


@contextlib.contextmanager
def open_logs(options: LogOptions, stream: TextIO) -> Generator[LogWriter]:
    """Send all log lines of the process to `stream` while the context is open.

    Replaces the handlers of the root logger, and gives them back on leaving.
    """
    writer = LogWriter(stream)
    writer.setFormatter(formatter(options.format))
    root = logging.getLogger()
    router = logging.getLogger(ROUTER_LOGGER)
    before = (root.handlers[:], root.level, router.level)
    root.handlers[:] = [writer]
    root.setLevel(logging.WARNING)
    router.setLevel(options.level.value.upper())
    try:
        yield writer
    finally:
        root.handlers[:], level, router_level = before
        root.setLevel(level)
        router.setLevel(router_level)
        writer.close()


def log_loop_exception(loop: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
    """Log what nobody handled on an event loop, for `loop.set_exception_handler`.

    The loop's own handler writes the `repr` of tasks and exceptions, which may quote a prompt.
    """
    del loop
    error = context.get("exception")
    _logger.error(
        "nobody handled an exception on the event loop",
        exc_info=error if isinstance(error, BaseException) else None,
        extra={"fields": {"where": str(context.get("message", ""))}},
    )
