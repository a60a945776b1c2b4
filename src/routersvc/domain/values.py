"""The bases of values and records that are made for every call.

An immutable dataclass costs about 0.1 µs for each field when it is made, because its fields are set
through `object.__setattr__`; a call makes some two hundred fields. A struct of msgspec is filled in
C, which takes a tenth of that. Values with fields that `repr` or a comparison leaves out stay
dataclasses: structs have no such fields.
"""

from __future__ import annotations

import dataclasses
import functools

import msgspec


@functools.cache
def _fields_of(value_type: type[Value]) -> dict[str, dataclasses.Field[object]]:
    made = dataclasses.make_dataclass(value_type.__name__, value_type.__struct_fields__)
    return {field.name: field for field in dataclasses.fields(made)}


class _DataclassFields:
    """What `dataclasses.replace` and `dataclasses.fields` read of a type."""

    def __get__(
        self, instance: Value | None, owner: type[Value]
    ) -> dict[str, dataclasses.Field[object]]:
        return _fields_of(owner)


class Value(msgspec.Struct, frozen=True):
    """An immutable value that `dataclasses.replace` copies, as it does dataclasses."""

    __dataclass_fields__ = _DataclassFields()


class Record(msgspec.Struct, eq=False):
    """What changes while a call runs; each is equal to itself alone."""
