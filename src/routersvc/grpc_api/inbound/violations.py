"""Collects everything that is wrong with a request, so that its caller hears of all at once.

Each check notes a violation under the exact path of its field and returns a value that conversion
can go on with; `raise_if_any` ends a conversion whose result must not be used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeVar

import orjson
from google.protobuf.duration_pb2 import Duration

from routersvc.domain.outcomes.errors import (
    FieldViolation,
    InvalidRequestError,
)

_Value = TypeVar("_Value")
_Number = TypeVar("_Number", int | None, float | None)

MAX_DURATION_SECONDS = 315_576_000_000
"""The range of `google.protobuf.Duration`: about ten thousand years."""

_NANOS = 1_000_000_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - a token of RFC 6838, section 4.2, not a secret
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:\s*;.*)?")


class Violations:
    """What is wrong with one request, in the order it was found."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def add(self, field: str, description: str) -> None:
        """Note that `field` is missing or wrong; `description` says what is right."""
        self._found.append(FieldViolation(field=field, description=description))

    @property
    def any(self) -> bool:
        """Whether something was noted, so that the result must not be used."""
        return bool(self._found)

    def raise_if_any(self) -> None:
        """End the conversion of a request that is wrong.

        Raises:
            InvalidRequestError: something was noted; it carries all of it.
        """
        if self._found:
            raise InvalidRequestError(self._found)

    def known(self, field: str, number: int, known: Mapping[int, _Value]) -> _Value | None:
        """Return what an enum's number means; note one that this version does not know."""
        try:
            return known[number]
        except KeyError:
            self.add(field, f"unknown value {number}")
            return None

    def number(
        self, field: str, value: _Number, *, low: float, high: float | None = None
    ) -> _Number:
        """Check that a number is finite and lies between `low` and `high`, both allowed; return it.

        `None` stands for a number that was not given, and passes.
        """
        if value is None:
            return value
        if not math.isfinite(value):
            self.add(field, "must be a finite number")
        elif high is not None:
            if not low <= value <= high:
                self.add(field, f"must be between {low:g} and {high:g}, not {value:g}")
        elif value < low:
            self.add(field, f"must be at least {low:g}, not {value:g}")
        return value

    def size(self, field: str, value: str, limit: int) -> None:
        """Check that a text has at most `limit` bytes in UTF-8."""
        if len(value) > limit or (not value.isascii() and len(value.encode()) > limit):
            self.add(field, f"must have at most {limit} bytes")

    def present(self, field: str, value: str | bytes) -> None:
        """Check that a text or a run of bytes is not empty."""
        if not value:
            self.add(field, "must not be empty")

    def name(self, field: str, value: str) -> None:
        """Check a name that providers limit: letters, digits, `_` and `-`, at most 64."""
        if _NAME.fullmatch(value) is None:
            self.add(field, "must be 1 to 64 letters, digits, `_` or `-`")

    def media_type(self, field: str, value: str, *, required: bool) -> None:
        """Check that a media type has the form `type/subtype`."""
        if not value:
            if required:
                self.add(field, "must name the media type, for example `image/png`")
        elif _MEDIA_TYPE.fullmatch(value) is None:
            self.add(field, "must have the form `type/subtype`, for example `image/png`")

    def address(self, field: str, value: str, *, data: bool) -> None:
        """Check an address that a provider fetches: `https:`, or `data:` where `data` allows it."""
        scheme, _, rest = value.partition(":")
        scheme = scheme.lower()
        if scheme == "https" and rest.startswith("//") and rest[2:3] not in {"", "/"}:
            return
        if data and scheme == "data" and "," in rest:
            return
        allowed = "an `https://` or a `data:` URL" if data else "an `https://` URL"
        self.add(field, f"must be {allowed}")

    def json_object(self, field: str, text: str) -> None:
        """Check that a text is JSON, and an object at its top."""
        try:
            value: object = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self.add(field, f"must be a JSON object; it is not JSON at character {error.pos}")
            return
        if not isinstance(value, dict):
            self.add(field, "must be a JSON object")

    def timeout(self, field: str, value: Duration) -> float:
        """Check a length of time that must be above 0 and return it in seconds."""
        seconds, nanos = value.seconds, value.nanos
        if abs(nanos) >= _NANOS or seconds * nanos < 0 or abs(seconds) > MAX_DURATION_SECONDS:
            self.add(field, "is not a valid duration: seconds or nanos are out of range")
        elif seconds + nanos / _NANOS <= 0:
            self.add(field, "must be above 0 seconds")
        return seconds + nanos / _NANOS
