"""Reads the fields of one message by name, each checked and noted under its own path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf.message import Message

from routersvc.grpc_api.inbound.violations import Violations

MAX_NAMES = 1_024
"""Names in one list of a request."""

_Value = TypeVar("_Value")


class MessageFields:
    """The fields of a message at `path`; those without presence that are not set read as `None`."""

    __slots__ = ("_message", "_path", "_violations")

    def __init__(self, message: Message, path: str, violations: Violations) -> None:
        self._message = message
        self._path = path
        self._violations = violations

    def of(self, name: str) -> MessageFields:
        """Return the fields of the message in a field; all are unset where that is."""
        return MessageFields(getattr(self._message, name), f"{self._path}.{name}", self._violations)

    def flag(self, name: str) -> bool | None:
        """Return an optional flag."""
        return bool(getattr(self._message, name)) if self._message.HasField(name) else None

    def integer(self, name: str, *, low: int) -> int | None:
        """Return an optional integer of at least `low`."""
        if not self._message.HasField(name):
            return None
        value: int = getattr(self._message, name)
        return self._violations.number(f"{self._path}.{name}", value, low=low)

    def number(self, name: str, *, low: float, high: float | None = None) -> float | None:
        """Return an optional number between `low` and `high`, both allowed."""
        if not self._message.HasField(name):
            return None
        value: float = getattr(self._message, name)
        return self._violations.number(f"{self._path}.{name}", value, low=low, high=high)

    def seconds(self, name: str) -> float | None:
        """Return an optional length of time above 0, in seconds."""
        if not self._message.HasField(name):
            return None
        return self._violations.timeout(f"{self._path}.{name}", getattr(self._message, name))

    def member(self, name: str, members: Mapping[int, _Value]) -> _Value | None:
        """Return the meaning of an enum's number, `None` beside a note for an unknown one."""
        return self._violations.known(f"{self._path}.{name}", getattr(self._message, name), members)

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of names, none of them empty."""
        given = getattr(self._message, name)
        if not given:
            # The common case: no path is built for it.
            return ()
        if not self._violations.at_most(f"{self._path}.{name}", len(given), MAX_NAMES):
            return ()
        values = tuple(given)
        for place, value in enumerate(values):
            self._violations.present(f"{self._path}.{name}[{place}]", value)
        return values
