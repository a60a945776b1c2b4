"""Expands YAML nodes into plain data: parses scalars, follows aliases, merges.

Counts what it makes: a file that explodes through its aliases is rejected early.
"""

from __future__ import annotations

import math
import re

from routersvc.settings.problems import KeyPath
from routersvc.settings.source.yaml_nodes import (
    MAX_DEPTH,
    MERGE_KEY,
    Mapping,
    Node,
    Place,
    RefusedYamlError,
    Scalar,
    Sequence,
    YamlProblem,
)

MAX_VALUES = 50_000
"""The largest number of values, aliases expanded; a thousand deployments need a tenth."""

MAX_MERGES = 5_000
"""The largest number of merged mappings, nested ones included."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(
    r"[-+]?(0|[1-9][0-9]{0,29})?(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?|[-+]?[0-9]\."
)
_HAS_DIGIT = re.compile(r"[-+]?\.?[0-9]")


def scalar_value(scalar: Scalar) -> object:
    """Return the value of a scalar: text if quoted, otherwise as JSON reads it."""
    text = scalar.text
    if not scalar.plain:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HAS_DIGIT.match(text) and _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


class Expansion:
    """Expands one document and records the place of each key and value."""

    def __init__(self) -> None:
        self.key_places: dict[KeyPath, Place] = {}
        self.value_places: dict[KeyPath, Place] = {}
        self.problems: list[YamlProblem] = []
        self._merges = 0

    def expand(self, node: Node, path: KeyPath = ()) -> object:
        """Return the plain data of `node` at `path`.

        Raises:
            RefusedYamlError: the data is too deep or too large.
        """
        if len(self.value_places) >= MAX_VALUES:
            raise RefusedYamlError(
                node.place, "too large after expanding aliases", f"at most {MAX_VALUES} values"
            )
        if len(path) > MAX_DEPTH:
            raise RefusedYamlError(node.place, "nested too deeply", f"at most {MAX_DEPTH} levels")
        self.value_places[path] = node.place
        match node:
            case Scalar():
                return scalar_value(node) if self._is_visible(node.text, node.place, path) else "?"
            case Sequence():
                return [self.expand(item, (*path, at)) for at, item in enumerate(node.items)]
            case Mapping():
                return self._expand_mapping(node, path)

    def _expand_mapping(self, mapping: Mapping, path: KeyPath) -> dict[str, object]:
        content: dict[str, object] = {}
        sources = [mapping, *self._merged(mapping, path)]
        for source in sources:
            for key, entry in source.entries.items():
                if key not in content and self._is_visible(key, entry.key_place, (*path, key)):
                    self.key_places[(*path, key)] = entry.key_place
                    content[key] = self.expand(entry.value, (*path, key))
        return content

    def _merged(self, mapping: Mapping, path: KeyPath, depth: int = 0) -> list[Mapping]:
        """Return the mappings that are merged into `mapping`, in order of precedence."""
        found: list[Mapping] = []
        for value in mapping.merged:
            for node in value.items if isinstance(value, Sequence) else [value]:
                self._merges += 1
                if self._merges > MAX_MERGES:
                    raise RefusedYamlError(
                        node.place, "too many merge keys", f"at most {MAX_MERGES} merges"
                    )
                if isinstance(node, Mapping) and depth < MAX_DEPTH:
                    found += [node, *self._merged(node, path, depth + 1)]
                else:
                    self.problems.append(
                        YamlProblem(
                            place=node.place,
                            path=(*path, MERGE_KEY),
                            message="merge key without a mapping",
                            allowed="an alias of a mapping, or a list of such aliases",
                        )
                    )
        return found

    def _is_visible(self, text: str, place: Place, path: KeyPath) -> bool:
        """Return whether a text is printable; report it if not."""
        if text.isprintable() or not any(map(_is_hidden, text)):
            return True
        self.problems.append(
            YamlProblem(
                place=place,
                path=path,
                message="contains a control character or a lone surrogate",
                allowed="printable text",
            )
        )
        return False


def _is_hidden(character: str) -> bool:
    is_control = character < " " and character not in "\t\n"
    return is_control or character == "\x7f" or "\ud800" <= character <= "\udfff"
