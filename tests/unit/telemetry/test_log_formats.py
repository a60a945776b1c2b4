"""How log lines look."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.outcomes.errors import DrainingError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.telemetry.log_formats import ConsoleFormatter, JsonFormatter, formatter
from routersvc.telemetry.options import LogFormat

CREATED = 1_700_000_000.25
TIMESTAMP = "2023-11-14T22:13:20.250000Z"


def _record(
    message: object = "something happened",
    *,
    fields: object = None,
    error: BaseException | None = None,
) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("routersvc.x", logging.WARNING, "", 0, message, None, exc_info)
    record.created = CREATED
    if fields is not None:
        record.fields = fields
    return record


def _raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an error as it looks when it has been raised."""

    def fail() -> None:
        raise error from cause

    with pytest.raises(type(error)) as raised:
        fail()
    return raised.value


def test_json_line_holds_message_and_fields() -> None:
    """Programs find everything under a name of its own."""
    record = _record(fields={"port": 8080, "hosts": ["a", "b"]})

    line = JsonFormatter().format(record)

    assert json.loads(line) == {
        "timestamp": TIMESTAMP,
        "level": "warning",
        "logger": "routersvc.x",
        "message": "something happened",
        "port": 8080,
        "hosts": ["a", "b"],
    }


def test_console_line_reads_from_left_to_right() -> None:
    """People read the time, the weight, the place, what happened, and the rest if they care."""
    record = _record(fields={"port": 8080, "words": "two words", "hosts": ["a", "b"], "empty": ""})

    line = ConsoleFormatter().format(record)

    assert line == (
        f"{TIMESTAMP} WARNING routersvc.x something happened "
        'port=8080 words="two words" hosts=["a","b"] empty=""'
    )


@pytest.mark.parametrize("log_format", LogFormat)
def test_trace_of_a_record_is_in_its_line(log_format: LogFormat) -> None:
    """Every line of a call is found by its trace id."""
    record = _record()
    record.trace_id = "0af7651916cd43dd8448eb211c80319c"

    line = formatter(log_format).format(record)

    assert "0af7651916cd43dd8448eb211c80319c" in line


@given(message=st.text(), name=st.text(), value=st.text())
def test_json_record_is_one_printable_line_whatever_it_holds(
    message: str, name: str, value: str
) -> None:
    """A value cannot forge a line or move the reader's cursor."""
    line = JsonFormatter().format(_record(message, fields={"chosen": {name: value}}))

    assert line.splitlines() == [line]
    assert line.isprintable()
    assert json.loads(line)["message"] == message


@given(message=st.text(), value=st.text())
def test_console_record_is_one_printable_line_whatever_it_holds(message: str, value: str) -> None:
    """A value cannot forge a line or move the reader's cursor."""
    line = ConsoleFormatter().format(_record(message, fields={"chosen": value}))

    assert line.splitlines() == [line]
    assert line.isprintable()


@pytest.mark.parametrize("log_format", LogFormat)
def test_what_json_cannot_hold_is_named_by_its_class(log_format: LogFormat) -> None:
    """A value is not asked for its `repr`, which may hold anything."""
    line = formatter(log_format).format(_record(fields={"odd": object(), "huge": 2**70}))

    assert "<object>" in line
    assert str(2**70) in line


def test_half_surrogate_does_not_lose_the_line() -> None:
    """Text that came from broken UTF-8 can still be logged."""
    line = JsonFormatter().format(_record("\ud800"))

    assert json.loads(line)["message"] == "\ud800"


@pytest.mark.parametrize("log_format", LogFormat)
def test_foreign_exception_keeps_its_message_to_itself(log_format: LogFormat) -> None:
    """A `ValueError` may quote the prompt that it failed on."""
    error = _raised(ValueError("my secret prompt"), KeyError("another secret"))

    line = formatter(log_format).format(_record(error=error))

    assert "builtins.ValueError" in line
    assert "builtins.KeyError" in line
    assert "test_log_formats.py" in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DrainingError(), "the router is shutting down"),
        (
            AttemptFailedError(Failure(failure_class=FailureClass.RESET, message="it was reset")),
            "it was reset",
        ),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
    ],
)
def test_message_that_quotes_nobody_is_written(error: BaseException, message: str) -> None:
    """Messages of the router and of the operating system are kept: they help to mend the defect."""
    line = JsonFormatter().format(_record(error=error))

    assert message in line


def test_exceptions_that_caused_each_other_end() -> None:
    """A ring of causes is described once around."""
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    line = json.loads(JsonFormatter().format(_record(error=first)))

    assert line["exception"] == ["builtins.ValueError", "builtins.KeyError"]


def test_exception_is_written_below_the_console_line() -> None:
    """A traceback is indented, so that a line that begins at the left is a record."""
    lines = ConsoleFormatter().format(_record(error=_raised(ValueError()))).splitlines()

    assert lines[1] == "  builtins.ValueError"
    assert lines[-1].startswith(f"  at fail ({__file__}:")


def test_no_exception_is_no_exception() -> None:
    """`logger.exception` outside of a handler must not end in an error."""
    record = _record()
    record.exc_info = sys.exc_info()

    assert "exception" not in json.loads(JsonFormatter().format(record))
