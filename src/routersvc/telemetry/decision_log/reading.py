"""Reads decision logs, of this process or of another one.

A line that is no record, such as the last one of a process that was killed, is reported beside the
records, so that the others can still be read.
"""

from __future__ import annotations

import dataclasses
import errno
import gzip
import inspect
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from routersvc.domain.explaining.recorded_decisions import VERSION, DecisionRecord
from routersvc.telemetry.decision_log.files import COMPRESSED, log_files

_decoder = msgspec.json.Decoder(DecisionRecord)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class UnreadableLine:
    """A line that is no record of a known version. `number` counts from 1."""

    path: Path
    number: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: not a record of the decision log: {self.reason}"


class _Version(msgspec.Struct):
    version: int


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files in the order given, and those of a directory, oldest first.

    Raises:
        OSError: a path does not exist, or a directory holds no decision log.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = log_files(path, compressed=True)
        if not files:
            raise FileNotFoundError(2, "no decision log in this directory", str(path))
        yield from files


def read_records(
    paths: Iterable[Path], *, containing: str = ""
) -> Iterator[DecisionRecord | UnreadableLine]:
    """Yield the records of files and directories in order; only lines that contain a text.

    Raises:
        OSError: a file cannot be read.
    """
    needle = containing.encode()
    for path in files_of(paths):
        with path.open("rb") as stream:
            for number, line in enumerate(_lines(stream, path), start=1):
                if needle in line and not line.isspace():
                    yield _read(line, path, number)


def _lines(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, which may be compressed.

    Raises:
        OSError: it is compressed, and damaged.
    """
    if path.suffix != COMPRESSED:
        yield from stream
        return
    try:
        with gzip.open(stream) as unpacked:
            yield from unpacked
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(errno.EIO, "damaged gzip file", str(path)) from error


def _read(line: bytes, path: Path, number: int) -> DecisionRecord | UnreadableLine:
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        reason = _later_version(line) or _without_values(error)
        return UnreadableLine(path=path, number=number, reason=reason)


def _later_version(line: bytes) -> str:
    """Return that a record has a later version of the schema; empty if that is not the reason."""
    try:
        version = msgspec.json.decode(line, type=_Version).version
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f"its version {version} is later than {VERSION}" if version > VERSION else ""


def _without_values(error: Exception) -> str:
    return str(error) if isinstance(error, msgspec.DecodeError) else "invalid value"


def record_schema() -> dict[str, object]:
    """Return the JSON Schema of one record, as `docs/decision-log.schema.json` has it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Record of the decision log, version {VERSION}",
        **_with_plain_descriptions(msgspec.json.schema(DecisionRecord)),
    }


def _with_plain_descriptions(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without the indentation of the docstrings that describe its types."""
    return {
        key: _with_plain_descriptions(cast("Mapping[str, Any]", value))
        if isinstance(value, dict)
        else inspect.cleandoc(value)
        if key == "description"
        else value
        for key, value in schema.items()
    }
