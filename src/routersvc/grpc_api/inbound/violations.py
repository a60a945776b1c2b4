"""Collects all violations of a request, so that they are reported together.

Each check adds a violation under the path of its field and returns a value with which conversion
can continue; `raise_if_any` ends the conversion of an invalid request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeVar

import orjson
from google.protobuf.duration_pb2 import Duration

from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS, RequestLimits
from routersvc.domain.outcomes.errors import FieldViolation, InvalidRequestError
from routersvc.grpc_api.inbound.addresses import address_problem
from routersvc.grpc_api.inbound.json_texts import size_of

_Value = TypeVar("_Value")
_Number = TypeVar("_Number", int | None, float | None)

MAX_DURATION_SECONDS = 315_576_000_000
"""The range of `google.protobuf.Duration`: about ten thousand years."""

_NANOS = 1_000_000_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - a token of RFC 6838, section 4.2, not a secret
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:\s*;.*)?")


class Violations:
    """The violations of one request, in the order in which they were found.

    `limits` are those of the request; what is counted against them is counted here.
    """

    __slots__ = ("_found", "_json_bytes", "_json_values", "_parts", "limits")

    def __init__(self, limits: RequestLimits = DEFAULT_LIMITS) -> None:
        self._found: list[FieldViolation] = []
        self._json_bytes = 0
        self._json_values = 0
        self._parts = 0
        self.limits = limits

    def add(self, field: str, description: str) -> None:
        """Add a violation of `field`; `description` says what is required."""
        self._found.append(FieldViolation(field=field, description=description))

    @property
    def any(self) -> bool:
        """Whether there are violations, so that the result must not be used."""
        return bool(self._found)

    def raise_if_any(self) -> None:
        """End the conversion of an invalid request.

        Raises:
            InvalidRequestError: there are violations; the error lists all of them.
        """
        if self._found:
            raise InvalidRequestError(self._found)

    def at_most(self, field: str, number: int, limit: int) -> bool:
        """Check the number of entries of a field; return whether they may be looked at."""
        if number > limit:
            self.add(field, f"must have at most {limit:,} entries, not {number:,}")
        return number <= limit

    def count_parts(self, path: str, number: int) -> bool:
        """Count the parts of the message at `path`; return whether they may be looked at."""
        self._parts += number
        if self._parts > self.limits.parts >= self._parts - number:
            limit = f"{self.limits.parts:,}"
            self.add(f"{path}.parts", f"must have at most {limit} parts in all messages")
        return self._parts <= self.limits.parts

    def json_text(self, field: str, text: str | bytes) -> bool:
        """Check nesting and size of a text that may be JSON; return whether it may be parsed."""
        limits = self.limits
        left = limits.json_values - self._json_values
        if left < 0:
            return False
        size = size_of(text, most_values=left, deepest=limits.json_depth)
        self._json_values += size.values
        if size.depth > limits.json_depth:
            self.add(field, f"must not be nested deeper than {limits.json_depth} levels")
            return False
        if size.values > left:
            self.add(field, f"exceeds the {limits.json_values:,} JSON values of a request")
            return False
        return True

    def known(self, field: str, number: int, known: Mapping[int, _Value]) -> _Value | None:
        """Return the meaning of an enum's number; an unknown number is a violation."""
        try:
            return known[number]
        except KeyError:
            self.add(field, f"unknown value {number}")
            return None

    def number(
        self, field: str, value: _Number, *, low: float, high: float | None = None
    ) -> _Number:
        """Check that a number is finite and between `low` and `high`, inclusive; return it.

        `None` means that the number is not set, and is valid.
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
        """Check a name by the rules of providers: 1 to 64 letters, digits, `_` or `-`."""
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
        """Check a URL that a provider fetches: `https:`, or `data:` if `data` is true."""
        scheme, _, rest = value.partition(":")
        scheme = scheme.lower()
        if scheme == "https" and rest.startswith("//") and rest[2:3] not in {"", "/"}:
            if len(value) > self.limits.url_bytes:
                self.add(field, f"must have at most {self.limits.url_bytes:,} bytes")
                return
            problem = address_problem(value, private=self.limits.private_addresses)
            if problem is not None:
                self.add(field, problem)
            return
        if data and scheme == "data" and "," in rest:
            return
        allowed = "an `https://` or a `data:` URL" if data else "an `https://` URL"
        self.add(field, f"must be {allowed}")

    def json_object(self, field: str, text: str) -> None:
        """Check that a text is a JSON object, and count it for the limit of JSON."""
        before = self._json_bytes
        self._json_bytes += len(text)
        if self._json_bytes > self.limits.json_bytes:
            if before <= self.limits.json_bytes:
                self.add(
                    field, f"exceeds the {self.limits.json_bytes:,} bytes of JSON of a request"
                )
            return
        if not self.json_text(field, text):
            return
        try:
            value: object = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self.add(field, f"must be a JSON object; it is not JSON at character {error.pos}")
            return
        if not isinstance(value, dict):
            self.add(field, "must be a JSON object")

    def timeout(self, field: str, value: Duration) -> float:
        """Check that a duration is above 0, and return it in seconds."""
        seconds, nanos = value.seconds, value.nanos
        if abs(nanos) >= _NANOS or seconds * nanos < 0 or abs(seconds) > MAX_DURATION_SECONDS:
            self.add(field, "is not a valid duration: seconds or nanos are out of range")
        elif seconds + nanos / _NANOS <= 0:
            self.add(field, "must be above 0 seconds")
        return seconds + nanos / _NANOS
