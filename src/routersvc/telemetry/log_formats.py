"""Formats log lines as JSON objects or as `key=value`.

The `fields` attribute of a record, a mapping or a `CallLine`, adds fields to the line; `trace_id`
is the trace that the line belongs to. Exceptions are logged with classes and stack frames. Their
message is logged only if it comes from the router itself or the operating system: other messages
may quote their input, which may be a prompt or a secret.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import assert_never, cast

import orjson

from routersvc.domain.outcomes.errors import RouterError
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.telemetry.call_lines import CallLine
from routersvc.telemetry.options import LogFormat

MAX_FRAMES = 30
"""The number of innermost frames of a traceback that are logged."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without a line break."""
        values: dict[str, object] = {
            "timestamp": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            values["exception"] = list(describe_exception(record.exc_info[1]))
        try:
            line = orjson.dumps(values, default=_unknown).decode()
        except orjson.JSONEncodeError:
            # orjson rejects lone surrogates and huge integers.
            line = ""
        # The standard library escapes control characters and line separators.
        return line if line and line.isprintable() else json.dumps(values, default=_unknown)


class ConsoleFormatter(logging.Formatter):
    """Formats a record as a line of `key=value`, with an exception on the following lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without a line break."""
        words = [
            _timestamp(record),
            f"{record.levelname:<7}",
            record.name,
            _escaped(record.getMessage()),
        ]
        words.extend(f"{name}={_word(value)}" for name, value in _fields(record).items())
        line = " ".join(words)
        if record.exc_info and record.exc_info[1] is not None:
            return "\n  ".join((line, *describe_exception(record.exc_info[1])))
        return line


def formatter(log_format: LogFormat) -> logging.Formatter:
    """Return the formatter of a format."""
    match log_format:
        case LogFormat.JSON:
            return JsonFormatter()
        case LogFormat.CONSOLE:
            return ConsoleFormatter()
        case _:
            assert_never(log_format)


def describe_exception(error: BaseException) -> Iterator[str]:
    """Yield the class and the stack frames of an exception, then those of its causes."""
    described: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in described:
        described.add(id(current))
        kind = type(current)
        message = _own_message(current)
        yield f"{kind.__module__}.{kind.__qualname__}" + (f": {message}" if message else "")
        for frame in traceback.extract_tb(current.__traceback__)[-MAX_FRAMES:]:
            yield f"at {frame.name} ({frame.filename}:{frame.lineno})"
        if current.__cause__ is not None or current.__suppress_context__:
            current = current.__cause__
        else:
            current = current.__context__


def _own_message(error: BaseException) -> str:
    match error:
        case RouterError() | AttemptFailedError():
            return _escaped(str(error))
        case OSError():
            return _escaped(error.strerror or "")
        case _:
            return ""


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    fields: object = getattr(record, "fields", None)
    trace_id: str | None = getattr(record, "trace_id", None)
    values: dict[str, object] = {} if trace_id is None else {"trace_id": trace_id}
    match fields:
        case CallLine():
            values.update(fields.fields())
        case Mapping():
            values.update(cast("Mapping[str, object]", fields))
        case _:
            pass
    return values


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _word(value: object) -> str:
    match value:
        case str():
            plain = value and value.isprintable() and not any(mark in value for mark in ' "=')
            return value if plain else json.dumps(value)
        case _:
            return json.dumps(value, default=_unknown, separators=(",", ":"))


def _escaped(text: str) -> str:
    """Return text with control characters and line breaks escaped."""
    return text if text.isprintable() else json.dumps(text)[1:-1]


def _unknown(value: object) -> str:
    """Return the class of a value that JSON cannot hold; its `repr` could contain a secret."""
    return f"<{type(value).__qualname__}>"
