"""Rotated files of one process, in a directory that several processes may share.

A file is named after the instant of its creation, the process and a number, so that names sort by
time and no two processes write to one file. A full file is closed and the next one begun; then the
oldest files of the directory are removed until all fit into the limit. Files are readable by their
owner only.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

PATTERN = "decisions-*.jsonl"
"""The files of a directory that belong to the log."""

COMPRESSED = ".gz"
"""What the names of files end with that somebody has compressed."""

_MODE = 0o600


def log_files(directory: Path, *, compressed: bool = False) -> list[Path]:
    """Return the files of the log in a directory, oldest first; `compressed` ones too."""
    found = list(directory.glob(PATTERN))
    if compressed:
        found += directory.glob(PATTERN + COMPRESSED)
    return sorted(found)


class DecisionFiles:
    """Appends lines to the files of one process. Used by one thread at a time.

    `max_file_bytes` is the size at which the next file begins, `max_total_bytes` that of all files
    in the directory. `process` tells processes apart that share it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_file_bytes: int,
        max_total_bytes: int,
        process: str,
        wall_clock: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._max_file_bytes = max_file_bytes
        self._max_total_bytes = max_total_bytes
        self._process = process
        self._wall_clock = wall_clock
        self._number = 0
        self._file: int | None = None
        self._path: Path | None = None
        self._size = 0

    def open(self) -> None:
        """Begin the next file, and remove the oldest ones above the limit.

        Raises:
            OSError: the directory cannot be made, or no file in it.
        """
        self.close()
        self._directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._number += 1
        created = dt.datetime.fromtimestamp(self._wall_clock(), dt.UTC)
        path = self._directory / (
            f"decisions-{created:%Y%m%dT%H%M%SZ}-{self._process}-{self._number:06}.jsonl"
        )
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, _MODE)
        self._path = path
        self._size = 0
        self._remove_oldest()

    def write(self, line: bytes) -> None:
        """Append one line, which ends with a line break, whole or not at all.

        Raises:
            OSError: it was not written.
        """
        file = self._file
        if file is None or self._is_full(line) or not os.fstat(file).st_nlink:
            self.open()
            file = self._file
        if file is None:
            raise AssertionError("an opened log has a file")
        try:
            written = os.write(file, line)
        except OSError:
            self.close()
            raise
        if written < len(line):
            # A full disk takes a part of the line: a record is there whole or not at all.
            with contextlib.suppress(OSError):
                os.ftruncate(file, self._size)
            self.close()
            raise OSError("no space left for a whole record")
        self._size += written

    def close(self) -> None:
        """Close the current file; one without records is removed. Idempotent."""
        file, path = self._file, self._path
        self._file = self._path = None
        if file is None or path is None:
            return
        with contextlib.suppress(OSError):
            os.close(file)
            if not self._size:
                path.unlink()

    def _is_full(self, line: bytes) -> bool:
        return self._size > 0 and self._size + len(line) > self._max_file_bytes

    def _remove_oldest(self) -> None:
        sizes = dict(self._sizes())
        total = sum(sizes.values()) + self._max_file_bytes
        for path, size in sizes.items():
            if total <= self._max_total_bytes:
                return
            if path != self._path:
                # Another process may have been faster.
                with contextlib.suppress(OSError):
                    path.unlink()
                total -= size

    def _sizes(self) -> Iterator[tuple[Path, int]]:
        for path in log_files(self._directory):
            with contextlib.suppress(OSError):
                yield path, path.stat().st_size
