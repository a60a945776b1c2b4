"""Sets up `logging` for the service."""

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
    """Write all log lines of the process to `stream` while the context is open.

    Replaces the handlers of the root logger, and restores them on leaving.
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
    """Log an unhandled exception of the event loop, for `loop.set_exception_handler`.

    The default handler logs the `repr` of tasks and exceptions, which may contain a prompt.
    """
    del loop
    error = context.get("exception")
    _logger.error(
        "unhandled exception in event loop",
        exc_info=error if isinstance(error, BaseException) else None,
        extra={"fields": {"where": str(context.get("message", ""))}},
    )
