"""Reads token counts however a vendor writes them: bookkeeping never costs an answer.

A count is a whole number within reason. Whole numbers that are written as floats or as texts are
read. Anything else (negative, huge, a boolean, a word, NaN) is unknown: usage that lacks a count is
marked as estimated, and the engine estimates what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.providers.reading.json_values import JsonObject, objects_of

MOST_TOKENS = 100_000_000
"""More than any request can use: fifty times the largest context window sold."""

_LONGEST_NUMBER = 24
"""Characters of the longest text that is read as a number."""


def count_in(value: object) -> int | None:
    """Return a count, `None` where `value` is none."""
    if type(value) is int:
        return value if 0 <= value <= MOST_TOKENS else None
    if isinstance(value, str):
        value = _number_in(value)
    # Not a number compares as false.
    if isinstance(value, float) and 0 <= value <= MOST_TOKENS:
        return int(value)
    return None


class Counts:
    """The counts of one usage object. `is_doubtful`: at least one of them could not be read."""

    __slots__ = ("_fields", "is_doubtful")

    def __init__(self, usage: JsonObject) -> None:
        self._fields = usage
        self.is_doubtful = False

    def count(self, *names: str) -> int | None:
        """Return the first count under these names that is told and not 0; 0 if one is 0."""
        return self._first(self._fields, names)

    def detail(self, field: str, *names: str) -> int:
        """Return a count inside of the object `field`, 0 where it is not told."""
        details = self._fields.get(field)
        if not details:
            return 0
        if not isinstance(details, dict):
            self.is_doubtful = True
            return 0
        return self._first(cast("JsonObject", details), names) or 0

    def sum(self, details: object, name: str, **wanted: str) -> int:
        """Return the sum of the counts `name` in those objects of a list that have `wanted`."""
        if not details:
            return 0
        if not isinstance(details, list):
            self.is_doubtful = True
            return 0
        return sum(
            self._first(detail, (name,)) or 0
            for detail in objects_of(cast("object", details))
            if all(detail.get(key) == value for key, value in wanted.items())
        )

    def _first(self, fields: JsonObject, names: Iterable[str]) -> int | None:
        found = None
        for name in names:
            value = fields.get(name)
            if value is None:
                continue
            read = count_in(value)
            if read:
                if type(value) is float and value != read:
                    self.is_doubtful = True
                return read
            if read is None:
                self.is_doubtful = True
            else:
                found = 0
        return found


def usage_counted(  # noqa: PLR0913 - the fields of a usage
    counts: Counts,
    *,
    inputs: int | None,
    outputs: int | None,
    total: int | None = None,
    cached: int = 0,
    written: int = 0,
    written_for_an_hour: int = 0,
    reasoning: int = 0,
    input_audio: int = 0,
    output_audio: int = 0,
) -> UsageCounted | None:
    """Return the usage, each part within what it belongs to; `None` where nothing was counted.

    A count that is missing beside the total is the rest of the total.
    """
    if total is not None:
        if inputs is None and outputs is not None:
            inputs = max(0, total - outputs)
        elif outputs is None and inputs is not None:
            outputs = max(0, total - inputs)
    if inputs is None and outputs is None:
        return None
    taken = min(inputs or 0, MOST_TOKENS)
    given = min(outputs or 0, MOST_TOKENS)
    cached = min(cached, taken)
    written = min(written, taken - cached)
    return UsageCounted(
        usage=Usage(
            input_tokens=taken,
            output_tokens=given,
            cached_input_tokens=cached,
            cache_write_tokens=written,
            cache_write_hour_tokens=min(written_for_an_hour, written),
            reasoning_tokens=min(reasoning, given),
            input_audio_tokens=min(input_audio, taken),
            output_audio_tokens=min(output_audio, given),
            estimated=counts.is_doubtful or inputs is None or outputs is None,
        ),
        knows_input=inputs is not None,
        knows_output=outputs is not None,
    )


def _number_in(text: str) -> float | int | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        return float(text)
    except ValueError:
        return None
