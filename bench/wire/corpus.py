"""The recorded exchanges: what the manifest lists, and the labels of the errors."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.wire.traffic.records import Record, UnusableRecordError, record_in

ENVIRONMENT = "ROUTERSVC_SHARED"
"""The variable that names the folder in which `wire` lies, if it is not beside the project."""

_BESIDE = Path(__file__).resolve().parents[3] / "shared"


class Row(NamedTuple):
    """One line of the manifest."""

    file: str
    provider: str
    api: str
    kind: str
    streaming: bool


def folder() -> Path | None:
    """Return the folder of the recordings; `None` where there is none."""
    found = Path(os.environ.get(ENVIRONMENT, _BESIDE)) / "wire"
    return found if (found / "MANIFEST.csv").exists() else None


def rows(wire: Path) -> Sequence[Row]:
    """Return every line of the manifest."""
    return [
        Row(
            file=line["file"],
            provider=line.get("provider") or "",
            api=line.get("api") or "",
            kind=line.get("kind") or "",
            streaming=line.get("streaming") == "yes",
        )
        for line in _lines(wire / "MANIFEST.csv")
    ]


def labels(wire: Path) -> Mapping[str, str]:
    """Return what each recorded or documented error is labelled as, by file."""
    lines = _lines(wire / "errors/LABELS.csv")
    return {line["file"]: line.get("expected_class") or "" for line in lines}


def record(wire: Path, file: str) -> Record:
    """Return an exchange.

    Raises:
        UnusableRecordError: there is none, or its body was left out.
    """
    try:
        data = (wire / file).read_bytes()
    except OSError:
        raise UnusableRecordError("the file cannot be read") from None
    return record_in(data, file)


def _lines(file: Path) -> Iterator[dict[str, str]]:
    if file.exists():
        with file.open(newline="") as lines:
            yield from (line for line in csv.DictReader(lines) if line.get("file"))
