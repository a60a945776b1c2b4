"""Converts plain data (from YAML or JSON) to frozen dataclasses and back, strictly.

The type annotations are the schema: unknown keys, missing keys, wrong types and invalid values
raise `SettingError` with the key path and the allowed values. Supported are dataclasses, unions
of dataclasses with a class variable `kind`, `tuple[X, ...]`, `Mapping[str, X]`, string enums,
optional values and JSON scalars.

In a union of kinds, a string is the kind with its defaults, and a number is the value of the
field that the class variable `shorthand` of a kind names. The keys of a field with the metadata
`inline` are merged into those of its owner.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from routersvc.simulator.errors import Path, SettingError

_T = TypeVar("_T")
_SCALARS: Mapping[object, str] = types.MappingProxyType(
    {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
)


def read(expected: type[_T], value: object, path: Path = ()) -> _T:
    """Return `value` as an instance of the dataclass `expected`.

    Raises:
        SettingError: the data does not fit; the error names the key.
    """
    return cast("_T", _read(expected, value, path))


def read_mapping(value: object, path: Path = ()) -> dict[str, object]:
    """Return `value` if it is a mapping with text keys.

    Raises:
        SettingError: it is not.
    """
    if not isinstance(value, Mapping):
        raise SettingError(f"expected a mapping, got {_describe(value)}", path=path)
    mapping = cast("Mapping[object, object]", value)
    for key in mapping:
        if not isinstance(key, str):
            raise SettingError(f"keys must be text, got {_describe(key)}", path=path)
    return cast("dict[str, object]", dict(mapping))


def refuse_unknown(keys: Iterable[str], allowed: Iterable[str], path: Path = ()) -> None:
    """Raise if a key is not allowed.

    Raises:
        SettingError: names the key, a similar allowed key, and all allowed keys.
    """
    known = sorted(allowed)
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean `{near[0]}`? " if near else ""
            raise SettingError(
                f"unknown key; {meant}allowed: {', '.join(known) or 'none'}",
                path=(*path, key),
                unknown_key=True,
            )


def to_plain(value: object) -> object:
    """Return the inverse of `read`, as JSON types.

    Fields with the metadata `secret` are omitted.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = getattr(type(value), "kind", None)
        plain: dict[str, object] = {"kind": kind} if isinstance(kind, str) else {}
        for field in dataclasses.fields(value):
            if not field.metadata.get("secret"):
                entry = to_plain(getattr(value, field.name))
                if field.metadata.get("inline"):
                    plain.update(cast("dict[str, object]", entry))
                else:
                    plain[field.name] = entry
        return plain
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {key: to_plain(entry) for key, entry in mapping.items()}
    if isinstance(value, tuple):
        return [to_plain(entry) for entry in cast("tuple[object, ...]", value)]
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class _Ready:
    """A value that is already read."""

    value: object


def _read(expected: Any, value: object, path: Path) -> object:  # noqa: ANN401 - a type annotation
    if isinstance(value, _Ready):
        return value.value
    if typing.get_origin(expected) in (typing.Union, types.UnionType):
        return _read_union(typing.get_args(expected), value, path)
    if isinstance(expected, type) and dataclasses.is_dataclass(expected):
        if isinstance(value, str) and _inline_field(expected) is not None:
            value = {"kind": value}
        return _read_dataclass(expected, read_mapping(value, path), path)
    if isinstance(expected, type) and issubclass(expected, enum.Enum):
        return _read_enum(expected, value, path)
    origin = typing.get_origin(expected)
    if origin is tuple:
        return _read_tuple(typing.get_args(expected)[0], value, path)
    if origin is Mapping:
        entry_type = typing.get_args(expected)[1]
        entries = read_mapping(value, path)
        return types.MappingProxyType(
            {key: _read(entry_type, entry, (*path, key)) for key, entry in entries.items()}
        )
    return _read_scalar(cast("object", expected), value, path)


def _read_union(
    members: Sequence[Any], value: object, path: Path, beside: Sequence[str] = ()
) -> object:
    if value is None:
        if types.NoneType in members:
            return None
        raise SettingError("must not be empty", path=path)
    kinds = {member.kind: member for member in members if hasattr(member, "kind")}
    if not kinds:
        present = [member for member in members if member is not types.NoneType]
        return _read(present[0], value, path)
    if isinstance(value, str):
        value = {"kind": value}
    if isinstance(value, int | float) and not isinstance(value, bool):
        for member in kinds.values():
            if hasattr(member, "shorthand"):
                return _read_dataclass(member, {member.shorthand: value}, path)
    entries = read_mapping(value, path)
    kind = entries.pop("kind", None)
    if not isinstance(kind, str) or kind not in kinds:
        given = "is missing" if kind is None else f"`{kind}` is unknown"
        raise SettingError(f"kind {given}; allowed: {', '.join(kinds)}", path=(*path, "kind"))
    return _read_dataclass(kinds[kind], entries, path, beside)


def _read_dataclass(
    expected: type[Any], entries: dict[str, object], path: Path, beside: Sequence[str] = ()
) -> object:
    annotations = _annotations(expected)
    fields = {field.name: field for field in dataclasses.fields(expected)}
    inline = _inline_field(expected)
    if inline is not None:
        own = [name for name in fields if name != inline]
        foreign = {key: entry for key, entry in entries.items() if key not in own}
        entries = {key: entry for key, entry in entries.items() if key in own}
        members = typing.get_args(annotations[inline])
        entries[inline] = _Ready(_read_union(members, foreign, path, own))
    refuse_unknown(entries, [*fields, *beside], path)
    arguments = {
        name: _read(annotations[name], entries[name], (*path, name))
        for name in fields
        if name in entries
    }
    for name, field in fields.items():
        optional = (
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING
        )
        if name not in arguments and not optional:
            raise SettingError("is required", path=(*path, name))
    try:
        return expected(**arguments)
    except ValueError as error:
        raise SettingError(str(error), path=path) from error


def _read_enum(expected: type[enum.Enum], value: object, path: Path) -> enum.Enum:
    for member in expected:
        if member.value == value:
            return member
    allowed = ", ".join(str(member.value) for member in expected)
    raise SettingError(f"{_describe(value)} is not one of: {allowed}", path=path)


def _read_tuple(entry_type: object, value: object, path: Path) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise SettingError(f"expected a list, got {_describe(value)}", path=path)
    entries = cast("Sequence[object]", value)
    return tuple(_read(entry_type, entry, (*path, at)) for at, entry in enumerate(entries))


def _read_scalar(expected: object, value: object, path: Path) -> object:
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if expected is float and isinstance(value, float):
        if not math.isfinite(value):
            raise SettingError("must be a finite number", path=path)
        return value
    if expected in (str, bool, int) and type(value) is expected:
        return value
    raise SettingError(f"expected {_SCALARS[expected]}, got {_describe(value)}", path=path)


def _describe(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'text "{value}"'
    if isinstance(value, int | float):
        return f"`{value}`"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def _inline_field(expected: type[Any]) -> str | None:
    fields = dataclasses.fields(expected)
    return next((field.name for field in fields if field.metadata.get("inline")), None)


def _annotations(expected: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(expected)
