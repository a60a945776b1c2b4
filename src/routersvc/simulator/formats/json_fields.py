"""Validates the fields of a JSON body and reports invalid ones with the vendor's messages.

`Fields` is one object of the body with its place. `Wording` is the vendor's message for a field
that is missing, has the wrong type or an invalid value.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar, cast

import orjson

from routersvc.simulator.formats.replies import RefusedError

_T = TypeVar("_T")
Json = Mapping[str, object]
Place = tuple[str | int, ...]


def dotted(place: Place) -> str:
    """Write a place with dots: `messages.0.content`."""
    return ".".join(str(step) for step in place)


class JsonType(enum.Enum):
    """The type of a field."""

    TEXT = "string"
    INTEGER = "integer"
    NUMBER = "number"
    SWITCH = "boolean"
    OBJECT = "object"
    LIST = "array"


class Wording(Protocol):
    """A vendor's messages for invalid fields."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is not a JSON object."""
        ...

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a missing field."""
        ...

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field with the wrong type."""
        ...

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number out of bounds."""
        ...

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not an allowed value."""
        ...

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of an unknown field."""
        ...


class Fields:
    """One object of a body."""

    def __init__(self, values: Json, wording: Wording, place: Place = ()) -> None:
        self.values = values
        self.place = place
        self._wording = wording

    @classmethod
    def of_body(cls, raw: bytes, wording: Wording) -> Fields:
        """Return the body as an object.

        Raises:
            RefusedError: it is not an object.
        """
        try:
            parsed: object = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise wording.not_json() from error
        if not isinstance(parsed, dict):
            raise wording.not_json()
        return cls(cast("Json", parsed), wording)

    def has(self, name: str) -> bool:
        """Return whether a field is present and not null."""
        return self.values.get(name) is not None

    def at(self, name: str) -> Place:
        """Return the place of a field."""
        return (*self.place, name)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Raise if there is an unknown field."""
        for name in self.values:
            if name not in known:
                raise self._wording.unknown(self.at(name))

    def require(self, name: str) -> object:
        """Return a required value of any type."""
        return self._must(name, self.values.get(name))

    def text(self, name: str) -> str:
        """Return a required text."""
        return self._must(name, self.optional_text(name))

    def optional_text(self, name: str) -> str | None:
        """Return an optional text."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wording.wrong_type(self.at(name), JsonType.TEXT, value)
        return value

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """Return a required text that is one of the allowed."""
        value = self.text(name)
        if value not in allowed:
            raise self._wording.not_one_of(self.at(name), value, allowed)
        return value

    def integer(self, name: str, *, low: int | None = None, high: int | None = None) -> int | None:
        """Return an optional whole number within bounds."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wording.wrong_type(self.at(name), JsonType.INTEGER, value)
        self._check_bounds(name, value, low, high)
        return value

    def number(self, name: str, *, low: float, high: float) -> float | None:
        """Return an optional number within bounds."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wording.wrong_type(self.at(name), JsonType.NUMBER, value)
        self._check_bounds(name, value, low, high)
        return value

    def switch(self, name: str, *, default: bool) -> bool:
        """Return an optional boolean."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wording.wrong_type(self.at(name), JsonType.SWITCH, value)
        return value

    def inner(self, name: str) -> Fields:
        """Return a required object."""
        return self._must(name, self.optional_inner(name))

    def optional_inner(self, name: str) -> Fields | None:
        """Return an optional object."""
        value = self.values.get(name)
        return None if value is None else self._object(value, self.at(name))

    def entries(self, name: str) -> Sequence[object]:
        """Return an optional list, empty by default."""
        value = self.values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._wording.wrong_type(self.at(name), JsonType.LIST, value)
        return cast("Sequence[object]", value)

    def objects(self, name: str) -> Iterator[Fields]:
        """Yield the objects of a list."""
        for number, entry in enumerate(self.entries(name)):
            yield self._object(entry, (*self.at(name), number))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list."""
        found: list[str] = []
        for number, entry in enumerate(self.entries(name)):
            if not isinstance(entry, str):
                raise self._wording.wrong_type((*self.at(name), number), JsonType.TEXT, entry)
            found.append(entry)
        return tuple(found)

    def _object(self, value: object, place: Place) -> Fields:
        if not isinstance(value, dict):
            raise self._wording.wrong_type(place, JsonType.OBJECT, value)
        return Fields(cast("Json", value), self._wording, place)

    def _must(self, name: str, value: _T | None) -> _T:
        if value is None:
            raise self._wording.missing(self.at(name))
        return value

    def _check_bounds(self, name: str, value: float, low: float | None, high: float | None) -> None:
        if low is not None and value < low:
            raise self._wording.out_of_bounds(self.at(name), value, low)
        if high is not None and value > high:
            raise self._wording.out_of_bounds(self.at(name), value, high)
