"""Composes the events of one YAML document into nodes with line and column.

Processes PyYAML's events one by one with a stack of its own: the depth is bounded without
recursion. An alias is the node of its anchor. Rejects tags, keys that are not scalars, duplicate
keys, and a second document.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import yaml

from routersvc.settings.problems import KeyPath, key_text, shown

MAX_DEPTH = 32
"""Levels of nesting; the schema needs six."""

MERGE_KEY = "<<"


class Mark(Protocol):
    """PyYAML's position; counts from 0."""

    @property
    def line(self) -> int:
        """The line."""
        ...

    @property
    def column(self) -> int:
        """The column."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A position in a file; both count from 1."""

    line: int
    column: int


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class Scalar:
    """A scalar as written; `plain` without quotes."""

    place: Place
    text: str
    plain: bool


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class Sequence:
    """A list."""

    place: Place
    items: list[Node] = dataclasses.field(default_factory=list["Node"])


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class Mapping:
    """A mapping; `merged` are the values of its merge keys."""

    place: Place
    entries: dict[str, Entry] = dataclasses.field(default_factory=dict[str, "Entry"])
    merged: list[Node] = dataclasses.field(default_factory=list["Node"])


@dataclasses.dataclass(kw_only=True, slots=True, eq=False)
class Entry:
    """A value in a mapping, and the place of its key."""

    key_place: Place
    value: Node


Node = Scalar | Sequence | Mapping


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class YamlProblem:
    """A problem of the YAML, before the name of the file is known."""

    place: Place
    message: str
    allowed: str = ""
    path: KeyPath = ()

    @property
    def key_path(self) -> str:
        """The text of the key path."""
        return key_text(self.path)


class RefusedYamlError(Exception):
    """The YAML is invalid, and processing stops."""

    def __init__(self, place: Place, message: str, allowed: str = "") -> None:
        self.problem = YamlProblem(place=place, message=message, allowed=allowed)
        super().__init__(message)


@dataclasses.dataclass(kw_only=True, slots=True)
class _Frame:
    """An incomplete collection; `key` is the key of a mapping whose value is next."""

    node: Sequence | Mapping
    key: Scalar | None = None

    @property
    def step(self) -> str | int:
        if isinstance(self.node, Sequence):
            return len(self.node.items)
        return "" if self.key is None else self.key.text


class Composer:
    """Composes one document."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[YamlProblem] = []
        self.last_place = Place(line=1, column=1)
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Process the next event.

        Raises:
            RefusedYamlError: the document is no valid settings file.
        """
        place = place_of_mark(event.start_mark)
        self.last_place = place
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise RefusedYamlError(place, "second YAML document", "one document")
            case yaml.AliasEvent():
                self._add(self._aliased(event, place), place)
            case yaml.ScalarEvent():
                self._check_tag(event, place)
                scalar = Scalar(place=place, text=event.value, plain=event.style is None)
                self._name(event, scalar)
                self._add(scalar, place)
            case yaml.SequenceStartEvent():
                self._check_tag(event, place)
                self._begin(event, Sequence(place=place))
            case yaml.MappingStartEvent():
                self._check_tag(event, place)
                self._begin(event, Mapping(place=place))
            case yaml.CollectionEndEvent():
                node = self._frames.pop().node
                self._add(node, node.place)
            case _:
                pass

    def _begin(self, event: yaml.CollectionStartEvent, node: Sequence | Mapping) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise RefusedYamlError(node.place, "nested too deeply", f"at most {MAX_DEPTH} levels")
        if self._frames and self._awaits_key(self._frames[-1]):
            raise RefusedYamlError(node.place, f"key must not be {_kind(node)}", "text")
        self._name(event, node)
        self._frames.append(_Frame(node=node))

    def _add(self, node: Node, place: Place) -> None:
        """Add a complete node to the collection around it."""
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        parent = frame.node
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif frame.key is None:
            if not isinstance(node, Scalar):
                raise RefusedYamlError(place, f"key must not be {_kind(node)}", "text")
            frame.key = dataclasses.replace(node, place=place)
        else:
            key, frame.key = frame.key, None
            self._add_entry(parent, key, node)

    def _add_entry(self, parent: Mapping, key: Scalar, node: Node) -> None:
        if key.plain and key.text == MERGE_KEY:
            parent.merged.append(node)
        elif key.text in parent.entries:
            first = parent.entries[key.text].key_place
            path = (*(frame.step for frame in self._frames[:-1]), key.text)
            self.problems.append(
                YamlProblem(
                    place=key.place,
                    path=path,
                    message=f"duplicate key, first in line {first.line}",
                    allowed="each key once",
                )
            )
        else:
            parent.entries[key.text] = Entry(key_place=key.place, value=node)

    @staticmethod
    def _awaits_key(frame: _Frame) -> bool:
        return isinstance(frame.node, Mapping) and frame.key is None

    def _name(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _aliased(self, event: yaml.AliasEvent, place: Place) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise RefusedYamlError(place, f"unknown anchor {shown(event.anchor)}")
        if any(frame.node is node for frame in self._frames):
            raise RefusedYamlError(place, f"anchor {shown(event.anchor)} contains itself")
        return node

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, place: Place) -> None:
        if event.tag is not None:
            path = tuple(frame.step for frame in self._frames)
            self.problems.append(
                YamlProblem(
                    place=place,
                    path=path,
                    message="tags are not supported",
                    allowed="quotes, to make a number text",
                )
            )


def place_of_mark(mark: Mark | None) -> Place:
    """Return the place of PyYAML's mark; its Python parser sets one everywhere."""
    if mark is None:
        return Place(line=1, column=1)
    return Place(line=mark.line + 1, column=mark.column + 1)


def _kind(node: Node) -> str:
    return "a list" if isinstance(node, Sequence) else "a mapping"
