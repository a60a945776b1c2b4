"""The recorded exchanges: what the manifest lists, and the labels of the errors."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.wire.readings import Record
from routersvc.app.replays.framing import Framing
from routersvc.app.replays.recordings import Recording
from routersvc.app.replays.replaying import recording_in

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
    with (wire / "MANIFEST.csv").open(newline="") as manifest:
        return [
            Row(
                file=line["file"],
                provider=line["provider"],
                api=line["api"],
                kind=line["kind"],
                streaming=line["streaming"] == "yes",
            )
            for line in csv.DictReader(manifest)
        ]


def labels(wire: Path) -> Mapping[str, str]:
    """Return what each recorded or documented error is labelled as, by file."""
    with (wire / "errors/LABELS.csv").open(newline="") as lines:
        return {line["file"]: line["expected_class"] for line in csv.DictReader(lines)}


def recording(wire: Path, file: str) -> Recording:
    """Return an exchange.

    Raises:
        UnusableRecordError: its body was left out.
    """
    return recording_in((wire / file).read_bytes())


def record(file: str, found: Recording, framing: Framing) -> Record:
    """Return an exchange for independent readers."""
    framed = found.in_frame(framing)
    return Record(
        file=file,
        provider=found.provider,
        api=found.api,
        streaming=found.streaming,
        status=found.head.status,
        headers=framed.head.headers,
        body=framed.body,
        request=found.request,
    )
