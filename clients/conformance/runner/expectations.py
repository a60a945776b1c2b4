"""Compares what was observed with what a case expects, as far as the case says something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from clients.conformance.runner.cases import Json

_SHOWN = 200


def mismatches(expected: object, observed: object, path: str) -> Iterator[str]:
    """Yield a sentence for each place where something else was observed."""
    if isinstance(expected, dict):
        entries = cast("Json", expected)
        rules = [key for key in entries if key.startswith("$")]
        if rules:
            yield from _judged(entries, observed, path)
        elif not isinstance(observed, dict):
            yield f"{path}: an object is expected, not {shown(observed)}"
        else:
            fields = cast("Json", observed)
            for key, value in entries.items():
                yield from mismatches(value, _field(fields, key), f"{path}.{key}")
    elif isinstance(expected, list):
        items = cast("list[object]", expected)
        if observed is None:
            observed = []
        if not isinstance(observed, list):
            yield f"{path}: a list is expected, not {shown(observed)}"
            return
        found = cast("list[object]", observed)
        if len(found) != len(items):
            yield f"{path}: {len(items)} entries are expected, not {shown(found)}"
            return
        for place, (one, other) in enumerate(zip(items, found, strict=True)):
            yield from mismatches(one, other, f"{path}[{place}]")
    elif not _equal(expected, observed):
        yield f"{path}: expected {shown(expected)}, observed {shown(observed)}"


def shown(value: object) -> str:
    """Return a value as text that fits on a screen."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _equal(expected: object, observed: object) -> bool:
    # JSON of protobuf leaves out what has its default value.
    if expected in ("", 0, False) and observed is None:
        return True
    return type(expected) is type(observed) and expected == observed


def _field(fields: Mapping[str, Any], key: str) -> object:
    """Return a field by its name in the protos, however the driver's JSON spells it."""
    if key in fields:
        return fields[key]
    head, *tail = key.split("_")
    return fields.get(head + "".join(part.capitalize() for part in tail))


def _judged(rules: Json, observed: object, path: str) -> Iterator[str]:
    for rule, value in rules.items():
        if rule not in _RULES:
            yield f"{path}: the case has an unknown rule `{rule}`"
        elif not _RULES[rule](value, observed):
            yield f"{path}: expected {rule} {shown(value)}, observed {shown(observed)}"


def _number(observed: object) -> float | None:
    # 64-bit integers are text in protobuf's JSON.
    if isinstance(observed, bool) or not isinstance(observed, int | float | str):
        return None
    try:
        return float(observed)
    except ValueError:
        return None


def _at_least(value: float, observed: object) -> bool:
    number = _number(observed)
    return number is not None and number >= value


def _at_most(value: float, observed: object) -> bool:
    # A number that is left out is 0.
    number = _number(0 if observed is None else observed)
    return number is not None and number <= value


def _matches(value: str, observed: object) -> bool:
    text = "" if observed is None else observed
    return isinstance(text, str) and re.fullmatch(value, text, re.DOTALL) is not None


def _any(value: object, observed: object) -> bool:
    return value is True and bool(observed)


def _absent(value: object, observed: object) -> bool:
    return value is True and not observed


def _length(value: int, observed: object) -> bool:
    return isinstance(observed, Sequence) and len(cast("Sequence[object]", observed)) == value


_RULES: Mapping[str, Callable[[Any, object], bool]] = {
    "$matches": _matches,
    "$at_least": _at_least,
    "$at_most": _at_most,
    "$any": _any,
    "$absent": _absent,
    "$length": _length,
}
