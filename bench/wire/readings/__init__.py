"""The content of recorded answers, read without the code under test.

One module for each API, named as the recordings name it. It has a function `read(record)` that
returns a `Reading`, and may have two tables. `EXPECTED`: recordings of successes that are none,
each with the failure class that is right and the reason. `AT_FAULT`: recordings that cannot be
read correctly, and why. Where the vendor's own SDK can parse a record, the SDK
reads it; elsewhere a plain reading does, and the reading says which.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

JsonObject = dict[str, Any]

PLAIN = "plain reading"
"""The judge where no SDK of the vendor can parse a record."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A recorded exchange as the manifest and its file have it; `body` is as it was sent."""

    file: str
    provider: str
    api: str
    streaming: bool
    status: int
    headers: Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)
    request: JsonObject = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of a tool: `arguments` are parsed. An empty id is one that the vendor left out."""

    call_id: str
    name: str
    arguments: object


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The content of an answer. `usage` is input, output and reasoning tokens as in the contract.

    `media` are the sizes of pictures and sounds. `judge` names the reader. What only some formats
    have is compared where the reading says it: `signatures` of thoughts and calls, sorted;
    `sealed`, the thoughts that only the vendor understands and the kinds of its own tools' blocks;
    `cached`, the input tokens read from and written to a cache.
    """

    judge: str
    text: str = ""
    thoughts: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    media: tuple[int, ...] = ()
    finish: FinishReason = FinishReason.STOP
    usage: tuple[int, int, int] | None = None
    model: str = ""
    signatures: tuple[str, ...] | None = None
    sealed: tuple[str, ...] | None = None
    cached: tuple[int, int] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What is right of an exchange that is not what it says, and why."""

    failure_class: FailureClass | FinishReason
    reason: str


def module_of(api: str) -> ModuleType | None:
    """Return the module with the readings of an API; `None` where there is none yet."""
    name = f"{__name__}.{api}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def expected_of(record: Record) -> Expected | None:
    """Return what is right of a record, where it is no success."""
    expected: Mapping[str, Expected] = getattr(module_of(record.api), "EXPECTED", {})
    return expected.get(record.file)


def fault_of(record: Record) -> str | None:
    """Return why a record cannot be read correctly, `None` where it can."""
    faults: Mapping[str, str] = getattr(module_of(record.api), "AT_FAULT", {})
    return faults.get(record.file)


def reading_of(record: Record) -> Reading | None:
    """Return the independent reading of a record; `None` where its API has none."""
    module = module_of(record.api)
    if module is None:
        return None
    reading: Reading = module.read(record)
    return reading
