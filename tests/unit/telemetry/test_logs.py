"""Logging of a whole process."""

from __future__ import annotations

import asyncio
import io
import json
import logging

from routersvc.telemetry.logs import log_loop_exception, open_logs
from routersvc.telemetry.options import LogFormat, LogLevel, LogOptions

JSON_INFO = LogOptions(format=LogFormat.JSON, level=LogLevel.INFO)


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_router_speaks_at_its_level_and_libraries_only_when_worried() -> None:
    """A library's chatter may hold anything; its warnings are wanted."""
    stream = io.StringIO()

    with open_logs(JSON_INFO, stream):
        logging.getLogger("routersvc.x").debug("not wanted")
        logging.getLogger("routersvc.x").info("wanted")
        logging.getLogger("library").info("not wanted")
        logging.getLogger("library").warning("wanted too")

    assert [line["message"] for line in _lines(stream)] == ["wanted", "wanted too"]


def test_logging_is_given_back() -> None:
    """Logging of a program that embeds the service is unchanged."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("routersvc").level)

    with open_logs(JSON_INFO, io.StringIO()) as writer:
        during = root.handlers[:]

    assert during == [writer]
    assert (root.handlers[:], root.level, logging.getLogger("routersvc").level) == before


async def test_exception_that_nobody_handled_is_logged_without_its_words() -> None:
    """The loop's own handler would write the `repr` of the exception, prompt and all."""
    stream = io.StringIO()
    loop = asyncio.get_running_loop()

    with open_logs(JSON_INFO, stream):
        log_loop_exception(
            loop, {"message": "Task exception was never retrieved", "exception": ValueError("hush")}
        )

    line = _lines(stream)[0]
    assert line["where"] == "Task exception was never retrieved"
    assert line["exception"] == ["builtins.ValueError"]
    assert "hush" not in stream.getvalue()
