"""Reads a settings file into plain data with the line and column of every key and value.

One YAML document of mappings, lists and scalars. Anchors, aliases and merge keys work; duplicate
keys are problems. Scalars are read as JSON reads them, not as YAML 1.1 does: `null`, `~` or
nothing; `true` and `false`; decimal numbers. Everything else is text, so that `no`, `on`, `0755`,
`22:30` and `2026-11-01` stay what was written. Keys are always text. Tags are rejected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import yaml
from yaml.reader import ReaderError

from routersvc.settings.problems import KeyPath, SettingsError, SettingsProblem
from routersvc.settings.source.yaml_nodes import (
    Composer,
    Node,
    Place,
    RefusedYamlError,
    YamlProblem,
    place_of_mark,
)
from routersvc.settings.source.yaml_values import Expansion

MAX_FILE_SIZE = 1 << 20
"""Bytes. A thousand deployments with their comments take a tenth of it."""

_FRIENDLY = {
    "expected <block end>": ("does not fit the indentation around it", "the same for all keys"),
    "mapping values are not allowed": (
        "a `:` stands where no key can be",
        "quotes around text that holds `: `",
    ),
    "could not find expected ':'": ("a key without its `:`", "`key: value`"),
    "found character": (
        "text cannot begin with this character",
        "quotes around text that begins with a character of YAML's own",
    ),
}
"""What PyYAML says by how it begins, and how to say it to somebody who does not write parsers."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class YamlDocument:
    """A file's content as plain data, and where each key and value of it stands.

    `problems` are those that did not keep the rest from being read.
    """

    file: str
    content: object
    key_places: Mapping[KeyPath, Place]
    value_places: Mapping[KeyPath, Place]
    problems: tuple[SettingsProblem, ...]

    def place_of_key(self, path: KeyPath) -> Place:
        """Return where the key at `path` stands; for a place in a list, the value there."""
        return self.key_places.get(path) or self.place_of_value(path)

    def place_of_value(self, path: KeyPath) -> Place:
        """Return where the value at `path` stands; of what is missing, the key that lacks it."""
        place = self.value_places.get(path)
        while place is None:
            path = path[:-1]
            place = self.key_places.get(path) or self.value_places.get(path)
        return place


def read_yaml(path: Path) -> YamlDocument:
    """Read a settings file.

    Raises:
        SettingsError: it cannot be read, or is not one YAML document.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        reason = (error.strerror or "no usable file").lower()
        raise _refusal(file, None, f"cannot be read: {reason}") from error
    except ValueError as error:
        raise _refusal(file, None, "cannot be read: no usable path") from error
    if len(data) > MAX_FILE_SIZE:
        raise _refusal(file, None, "is too large", f"at most {MAX_FILE_SIZE >> 20} MiB")
    return parse_yaml(_decoded(data, file), file)


def parse_yaml(text: str, file: str) -> YamlDocument:
    """Parse the text of a settings file; `file` is how problems name it.

    Raises:
        SettingsError: it is not one YAML document.
    """
    composer = Composer()
    root = _composed(composer, text, file)
    expansion = Expansion()
    try:
        content = expansion.expand(root)
    except RefusedYamlError as error:
        raise SettingsError([_in_file(error.problem, file)]) from error
    return YamlDocument(
        file=file,
        content=content,
        key_places=expansion.key_places,
        value_places=expansion.value_places,
        problems=tuple(
            _in_file(problem, file) for problem in (*composer.problems, *expansion.problems)
        ),
    )


def _decoded(data: bytes, file: str) -> str:
    # No error is chained: it would carry the whole file, whatever is in it.
    refusal = None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(
            line=data.count(b"\n", 0, error.start) + 1,
            column=error.start - data.rfind(b"\n", 0, error.start),
        )
        refusal = _refusal(file, place, "is not UTF-8 text from here on", "UTF-8")
    raise refusal


def _composed(composer: Composer, text: str, file: str) -> Node:
    refusal = None
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            composer.take(event)
    except RefusedYamlError as error:
        refusal = SettingsError([_in_file(error.problem, file)])
    except ReaderError as error:
        place = _place_at(text, error.position)
        refusal = _refusal(file, place, "a control character stands here", "visible text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = composer.last_place if mark is None else place_of_mark(mark)
        refusal = _refusal(file, place, *_syntax_words(error.problem or "", text, mark))
    except (ValueError, OverflowError):
        # PyYAML converts escapes and the version in a directive without a look at their range.
        refusal = _refusal(file, composer.last_place, "an escape after here is out of range")
    if refusal is not None:
        raise refusal
    if composer.root is None:
        raise _refusal(file, None, "is empty", "a mapping with `providers` and others")
    return composer.root


def _syntax_words(problem: str, text: str, mark: yaml.Mark | None) -> tuple[str, str]:
    """Return the message for a syntax error, and what is allowed."""
    character = None
    if mark is not None:
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        character = line[mark.column : mark.column + 1]
    if character == "\t":
        return "a tab stands where YAML takes spaces alone", "spaces"
    for beginning, words in _FRIENDLY.items():
        if problem.startswith(beginning):
            return words
    return f"is not YAML here: {problem}", ""


def _place_at(text: str, position: int) -> Place:
    before = text[:position]
    return Place(line=before.count("\n") + 1, column=position - before.rfind("\n"))


def _in_file(problem: YamlProblem, file: str) -> SettingsProblem:
    return SettingsProblem(
        file=file,
        line=problem.place.line,
        column=problem.place.column,
        key_path=problem.key_path,
        message=problem.message,
        allowed=problem.allowed,
    )


def _refusal(file: str, place: Place | None, message: str, allowed: str = "") -> SettingsError:
    return SettingsError(
        [
            SettingsProblem(
                file=file,
                line=None if place is None else place.line,
                column=None if place is None else place.column,
                key_path="",
                message=message,
                allowed=allowed,
            )
        ]
    )
