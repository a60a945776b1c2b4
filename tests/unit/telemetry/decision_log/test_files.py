"""Files rotate by size, stay within their limit, and hold whole lines only."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from routersvc.telemetry.decision_log.files import DecisionFiles, log_files

LINE = b"x" * 99 + b"\n"
FilesOf = Callable[..., DecisionFiles]


@pytest.fixture
def files_of(tmp_path: Path) -> FilesOf:
    """Return a maker of the files of one process."""

    def make(process: str = "one", *, most: int = 250, total: int = 1000) -> DecisionFiles:
        return DecisionFiles(
            tmp_path / "log",
            max_file_bytes=most,
            max_total_bytes=total,
            process=process,
            wall_clock=lambda: 1_767_225_600.0,
        )

    return make


def lines_in(directory: Path) -> list[int]:
    """Return the number of lines in each file, oldest first."""
    return [len(path.read_bytes().splitlines()) for path in log_files(directory)]


def test_full_file_is_closed_and_the_next_one_begun(files_of: FilesOf, tmp_path: Path) -> None:
    """No file exceeds its size, and names sort by time."""
    files = files_of()

    for _ in range(5):
        files.write(LINE)
    files.close()

    assert lines_in(tmp_path / "log") == [2, 2, 1]
    assert [path.name for path in log_files(tmp_path / "log")] == [
        f"decisions-20260101T000000Z-one-{number:06}.jsonl" for number in (1, 2, 3)
    ]


def test_line_longer_than_a_file_is_written_alone(files_of: FilesOf, tmp_path: Path) -> None:
    """A record is never cut."""
    files = files_of(most=150)

    files.write(LINE)
    files.write(LINE * 2)
    files.write(LINE)
    files.close()

    assert [path.stat().st_size for path in log_files(tmp_path / "log")] == [100, 200, 100]


def test_oldest_files_of_all_processes_are_removed(files_of: FilesOf, tmp_path: Path) -> None:
    """The directory stays within its limit whoever wrote the files; other files are left alone."""
    (tmp_path / "log").mkdir()
    (tmp_path / "log/notes.txt").write_bytes(LINE * 50)
    ended = files_of("ended")
    for _ in range(6):
        ended.write(LINE)
    ended.close()
    running = files_of("running")

    for _ in range(6):
        running.write(LINE)

    sizes = {path.name: path.stat().st_size for path in log_files(tmp_path / "log")}
    assert sum(sizes.values()) <= 1000
    assert [name.split("-")[2] for name in sizes] == ["ended", *["running"] * 3]
    assert (tmp_path / "log/notes.txt").exists()


def test_files_are_private(files_of: FilesOf, tmp_path: Path) -> None:
    """Who may read decisions is for the operator to say."""
    files = files_of()

    files.write(LINE)

    (path,) = log_files(tmp_path / "log")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_file_without_records_is_not_left_behind(files_of: FilesOf, tmp_path: Path) -> None:
    """A router that starts and ends without a call leaves nothing."""
    files = files_of()
    files.open()

    files.close()

    assert log_files(tmp_path / "log") == []


def test_removed_file_is_replaced(files_of: FilesOf, tmp_path: Path) -> None:
    """Else everything after a clean-up by hand would go into a file that nobody can read."""
    files = files_of()
    files.write(LINE)
    for path in log_files(tmp_path / "log"):
        path.unlink()

    files.write(LINE)

    assert lines_in(tmp_path / "log") == [1]


def test_full_disk_leaves_no_part_of_a_record(
    files_of: FilesOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is reported as lost, those before and after it are whole."""
    files = files_of()
    files.write(LINE)
    write = os.write

    def write_a_part(file: int, data: bytes) -> int:
        return write(file, data[:30])

    monkeypatch.setattr(os, "write", write_a_part)

    with pytest.raises(OSError, match="no space left"):
        files.write(LINE)
    monkeypatch.undo()
    files.write(LINE)

    assert [path.read_bytes() for path in log_files(tmp_path / "log")] == [LINE, LINE]


def test_refused_write_is_tried_in_another_file(
    files_of: FilesOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk reaches the caller once; the next line has a fresh file."""
    files = files_of()
    files.write(LINE)

    def refuse(_file: int, _data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        files.write(LINE)
    monkeypatch.undo()

    files.write(LINE)

    assert lines_in(tmp_path / "log") == [1, 1]
