"""Log lines are written by a thread, in order, and never hold up a call."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

from routersvc.telemetry.call_lines import CallLine
from routersvc.telemetry.log_writer import LogWriter
from routersvc.telemetry.outcomes import CallOutcome

WriterOf = Callable[..., LogWriter]


class StuckStream(io.StringIO):
    """A pipe whose reader stands still until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        """Wait, then write."""
        self.entered.set()
        self.go_on.wait()
        return super().write(text)


@pytest.fixture
def writer_of() -> Iterator[WriterOf]:
    """Return a maker of writers that end with the test."""
    writers: list[LogWriter] = []

    def make(stream: io.StringIO, *, capacity: int = 100) -> LogWriter:
        writer = LogWriter(stream, capacity=capacity)
        writer.setFormatter(logging.Formatter("%(name)s %(message)s"))
        writers.append(writer)
        return writer

    yield make
    for writer in writers:
        writer.close()


def _record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, message, arguments, None)


def _line() -> CallLine:
    return CallLine(
        created=1_700_000_000.0,
        outcome=CallOutcome.SERVED,
        request_id="",
        tenant="",
        streaming=False,
        trace_id=None,
        report=None,
        error="",
    )


def test_lines_are_written_in_order(writer_of: WriterOf) -> None:
    """Lines of calls and of loggers share one queue."""
    stream = io.StringIO()
    writer = writer_of(stream)

    writer.handle(_record("one"))
    writer.write_line(_line())
    writer.handle(_record("two"))
    writer.flush()

    assert stream.getvalue() == "x one\nroutersvc.calls call refused\nx two\n"


def test_closing_writes_what_was_taken(writer_of: WriterOf) -> None:
    """The last line before the end is often the one that matters."""
    stream = io.StringIO()
    writer = writer_of(stream)

    writer.handle(_record("last words"))
    writer.close()

    assert stream.getvalue() == "x last words\n"


def test_reader_that_stands_still_loses_lines_but_holds_nobody_up(writer_of: WriterOf) -> None:
    """What does not fit is dropped and counted; what fits is written once the reader goes on."""
    stream = StuckStream()
    writer = writer_of(stream, capacity=3)
    writer.handle(_record("first"))
    stream.entered.wait()

    for number in range(5):
        writer.handle(_record(str(number)))
    dropped = writer.dropped
    stream.go_on.set()
    writer.flush()

    assert dropped == 2
    assert stream.getvalue() == "x first\nx 0\nx 1\nx 2\n"


def test_message_is_that_of_the_moment(writer_of: WriterOf) -> None:
    """What a caller does to an argument afterwards does not change the line."""
    stream = io.StringIO()
    writer = writer_of(stream)
    names = ["a"]

    writer.handle(_record("%s", names))
    names.append("b")
    writer.flush()

    assert stream.getvalue() == "x ['a']\n"


def test_message_that_does_not_fit_its_arguments_is_dropped(writer_of: WriterOf) -> None:
    """A defect in a log line must not fail the call that logs."""
    writer = writer_of(io.StringIO())

    writer.handle(_record("%d %d", "one"))

    assert writer.dropped == 1


def test_record_that_cannot_be_formatted_does_not_end_the_thread(writer_of: WriterOf) -> None:
    """The lines behind it are written."""
    stream = io.StringIO()
    writer = writer_of(stream)

    class Picky(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"{1 / len(record.getMessage()):g}"

    writer.setFormatter(Picky())
    writer.handle(_record(""))
    writer.handle(_record("ab"))
    writer.flush()

    assert (stream.getvalue(), writer.dropped) == ("0.5\n", 1)


def test_closed_stream_is_counted(writer_of: WriterOf) -> None:
    """Standard error is closed; the service continues."""
    stream = io.StringIO()
    writer = writer_of(stream)
    stream.close()

    writer.handle(_record("one"))
    writer.flush()

    assert writer.dropped == 1


def test_record_after_the_end_is_counted(writer_of: WriterOf) -> None:
    """A late line is lost, not written into a stream that others use by now."""
    writer = writer_of(io.StringIO())

    writer.close()
    writer.handle(_record("late"))

    assert writer.dropped == 1


def test_record_belongs_to_the_trace_in_which_it_was_made(writer_of: WriterOf) -> None:
    """The thread that writes has no trace of its own."""
    writer = writer_of(io.StringIO())
    record = _record("one")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")

    with tracer.start_as_current_span("call") as span:
        writer.handle(record)

    assert getattr(record, "trace_id", None) == f"{span.get_span_context().trace_id:032x}"


def test_line_of_a_call_keeps_its_time(writer_of: WriterOf) -> None:
    """The time of a line is when the call ended, not when the line was written."""
    stream = io.StringIO()
    writer = writer_of(stream)
    writer.setFormatter(logging.Formatter("%(created)s %(levelname)s"))

    writer.write_line(_line())
    writer.flush()

    assert stream.getvalue() == "1700000000.0 INFO\n"
