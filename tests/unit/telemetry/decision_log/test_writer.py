"""Records are made and written by a thread, in order, and never hold up a call."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.explaining.ended_decisions import EndedDecision, ExplainableDecision
from routersvc.telemetry.decision_log.files import DecisionFiles, log_files
from routersvc.telemetry.decision_log.writer import DecisionLogWriter, Queued


class Undecided:
    """Stands for a decision that nobody explains."""


def decision(name: str, *, size: int = 0) -> Queued:
    """Return a decision that is known by its request id."""
    undecided: ExplainableDecision = Undecided()  # type: ignore[assignment]
    ended = EndedDecision(
        decision=undecided, request_id=name, trace_id="", outcome="served", error=""
    )
    return Queued(ended, Prompt(messages=()) if size else None, size)


class Maker:
    """Makes lines, and waits before the first until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.entered = threading.Event()

    def line_of(self, queued: Queued) -> bytes:
        """Return the id as the line."""
        self.entered.set()
        self.go_on.wait()
        if queued.ended.request_id == "defect":
            raise KeyError("defect")
        return queued.ended.request_id.encode() + b"\n"


@pytest.fixture
def maker() -> Maker:
    """Return a maker of lines that goes on when it is told to."""
    return Maker()


@pytest.fixture
def writer(maker: Maker, tmp_path: Path) -> Iterator[DecisionLogWriter]:
    """Return a writer with room for three decisions and for 100 bytes of prompts."""
    files = DecisionFiles(
        tmp_path, max_file_bytes=1000, max_total_bytes=9000, process="p", wall_clock=float
    )
    writer = DecisionLogWriter(files, maker.line_of, capacity=3, most_bytes=100)
    yield writer
    maker.go_on.set()
    writer.close()


def written(directory: Path) -> list[str]:
    """Return all lines."""
    return [line for path in log_files(directory) for line in path.read_text().splitlines()]


def test_records_are_written_in_order(
    writer: DecisionLogWriter, maker: Maker, tmp_path: Path
) -> None:
    """Closing writes what is queued."""
    maker.go_on.set()

    for name in ("a", "b", "c"):
        writer.put(decision(name))
    writer.close()

    assert written(tmp_path) == ["a", "b", "c"]
    assert (writer.written, writer.dropped) == (3, 0)


def test_decision_that_does_not_fit_is_dropped_at_once(
    writer: DecisionLogWriter, maker: Maker, tmp_path: Path
) -> None:
    """The queue is bounded while the thread stands still, and no call waits for it."""
    writer.put(decision("first"))
    maker.entered.wait()

    for name in ("a", "b", "c", "too many", "far too many"):
        writer.put(decision(name))
    maker.go_on.set()
    writer.flush()

    assert written(tmp_path) == ["first", "a", "b", "c"]
    assert (writer.written, writer.dropped) == (4, 2)


def test_prompts_in_the_queue_are_bounded_by_size(
    writer: DecisionLogWriter, maker: Maker, tmp_path: Path
) -> None:
    """A prompt may have megabytes; its place is free again once its record is made."""
    writer.put(decision("first"))
    maker.entered.wait()

    writer.put(decision("a", size=60))
    writer.put(decision("too large", size=60))
    writer.put(decision("b", size=40))
    maker.go_on.set()
    writer.flush()
    writer.put(decision("c", size=100))
    writer.flush()

    assert written(tmp_path) == ["first", "a", "b", "c"]
    assert writer.dropped == 1


def test_defect_in_one_record_does_not_stop_the_others(
    writer: DecisionLogWriter, maker: Maker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted, and logged once in a row."""
    maker.go_on.set()

    for name in ("a", "defect", "defect"):
        writer.put(decision(name))
    writer.flush()
    writer.put(decision("b"))
    writer.flush()

    assert written(tmp_path) == ["a", "b"]
    assert writer.dropped == 2
    assert [record.message for record in caplog.records] == ["decision not recorded"]


def test_disk_that_refuses_is_logged_once(
    writer: DecisionLogWriter,
    maker: Maker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not for every record: a full disk must not fill the other log, too."""
    maker.go_on.set()
    caplog.set_level(logging.INFO)

    def refuse(_self: DecisionFiles, _line: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full_disk:
        full_disk.setattr(DecisionFiles, "write", refuse)
        writer.put(decision("a"))
        writer.put(decision("b"))
        writer.flush()
    writer.put(decision("c"))
    writer.flush()

    assert [record.message for record in caplog.records] == [
        "decision log cannot be written",
        "decision log is written again",
    ]
    assert (writer.written, writer.dropped) == (1, 2)
