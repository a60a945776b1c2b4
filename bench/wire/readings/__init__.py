"""The content of recorded answers, read without the code under test.

One module for each API, named as the recordings name it. It has a function `read(record)` that
returns a `Reading`, or a `Failing` where the bytes say that the answer failed, and may have two
tables for recordings that only a person can judge. `EXPECTED`: recordings of successes that are
none, each with the failure class that is right and the reason. `AT_FAULT`: recordings that cannot
be read correctly, and why. Where the vendor's own SDK can parse a record, the SDK reads it;
elsewhere a plain reading does, and the reading says which.

From the product comes nothing but the words of its domain: finish reasons and failure classes.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from bench.wire.traffic.records import Record
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

__all__ = [
    "PLAIN", "Call", "Cited", "Counts", "Expected", "Failing", "JsonObject", "Logprob", "Medium",
    "Ran", "Reading", "Record", "UnknownRecordError", "expected_of", "fault_of", "in_order",
    "module_of", "reading_of", "word_in",
]  # fmt: skip

JsonObject = dict[str, Any]

PLAIN = "plain reading"
"""The judge where no SDK of the vendor can parse a record."""

TEXT, THOUGHT, REFUSAL, CALL, MEDIUM = "text", "thought", "refusal", "call", "medium"
"""The kinds of parts, as `Reading.order` names them; a sealed thought is a thought."""


class UnknownRecordError(Exception):
    """A record has something that its reader does not know; the message names it."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of a tool: `arguments` are parsed. An empty id is one that the vendor left out."""

    call_id: str
    name: str
    arguments: object


class Counts(NamedTuple):
    """Tokens: `taken` includes cached and written ones, `given` includes those of thoughts.

    `written` includes those that the vendor keeps for an hour, where it tells them apart.
    """

    taken: int = 0
    given: int = 0
    thinking: int = 0
    cached: int = 0
    written: int = 0
    heard: int = 0
    spoken: int = 0
    written_for_an_hour: int = 0


class Logprob(NamedTuple):
    """A token, its log probability, and the same of its alternatives."""

    token: str
    logprob: float
    others: tuple[tuple[str, float], ...]


class Medium(NamedTuple):
    """A picture or a sound: its size, and what is said in it as far as the vendor wrote it down."""

    size: int
    transcript: str = ""


class Cited(NamedTuple):
    """A source that the answer names: its address or the name of its document, and its title."""

    source: str
    title: str = ""


class Ran(NamedTuple):
    """What a tool of the vendor did: what it was asked, and what came of it.

    `asked` are search queries, or the one text of code that ran; `sources` are addresses, ids or
    titles of what it found.
    """

    call_id: str = ""
    asked: tuple[str, ...] = ()
    output: str = ""
    sources: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The content of a complete answer. `judge` names the reader.

    `order` are the kinds of the parts as they came, neighbours of one kind once; `None` where the
    format gives parts no order. `signatures` are those of thoughts, text and calls, in any order;
    `sealed` the thoughts that only the vendor understands: text, or the whole block of a tool that
    the vendor runs. `logprobs` are what was asked for; `None` where nothing was. `citations` and
    `ran` are `None` where nobody could say them.
    """

    judge: str
    text: str = ""
    thoughts: str = ""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    media: tuple[Medium, ...] = ()
    order: tuple[str, ...] | None = None
    finish: FinishReason = FinishReason.STOP
    stop_sequence: str = ""
    counts: Counts | None = None
    model: str = ""
    answer_id: str = ""
    signatures: tuple[str | JsonObject, ...] = ()
    sealed: tuple[str | JsonObject, ...] = ()
    logprobs: tuple[Logprob, ...] | None = None
    citations: tuple[Cited, ...] | None = None
    ran: tuple[Ran, ...] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """An answer that says of itself that it failed; without a class, any failure is right."""

    reason: str
    failure_class: FailureClass | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What is right of an exchange that is not what it says, and why."""

    failure_class: FailureClass | FinishReason
    reason: str


def module_of(api: str) -> ModuleType | None:
    """Return the module with the readings of an API; `None` where there is none yet."""
    if not api.isidentifier():
        return None
    name = f"{__name__}.{api}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
    return module if hasattr(module, "read") else None


def expected_of(record: Record) -> Expected | None:
    """Return what is right of a record, where it is no success."""
    expected: Mapping[str, Expected] = getattr(module_of(record.api), "EXPECTED", {})
    return expected.get(record.file)


def fault_of(record: Record) -> str | None:
    """Return why a record cannot be read correctly, `None` where it can."""
    faults: Mapping[str, str] = getattr(module_of(record.api), "AT_FAULT", {})
    return faults.get(record.file)


def reading_of(record: Record) -> Reading | Failing | None:
    """Return the independent reading of a record; `None` where its API has none.

    Raises:
        UnknownRecordError: the record has what its reader does not know.
    """
    module = module_of(record.api)
    if module is None:
        return None
    try:
        reading: Reading | Failing = module.read(record)
    except UnknownRecordError:
        raise
    except Exception as error:
        # The readers know what was recorded so far: anything else may come.
        told = f"{type(error).__name__}: {str(error)[:120]!r}"
        raise UnknownRecordError(f"the reader of `{record.api}` cannot read it ({told})") from error
    return reading


def word_in(words: Mapping[Any, FinishReason], word: Any) -> FinishReason:  # noqa: ANN401 - JSON
    """Return what a vendor's word for the end means; an unknown one has no meaning of its own."""
    return words.get(word, FinishReason.OTHER)


def in_order(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return kinds of parts with neighbours of one kind once."""
    found: list[str] = []
    for kind in kinds:
        if not found or found[-1] != kind:
            found.append(kind)
    return tuple(found)
