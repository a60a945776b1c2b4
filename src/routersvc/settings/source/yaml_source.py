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
"""Bytes. A thousand deployments with comments take a tenth of it."""

_FRIENDLY = {
    "expected <block end>": ("inconsistent indentation", "the same indentation for all keys"),
    "mapping values are not allowed": (
        "unexpected `:`",
        "quotes around text that contains `: `",
    ),
    "could not find expected ':'": ("key without `:`", "`key: value`"),
    "found character": (
        "unexpected character at the start of text",
        "quotes around text that starts with a special character of YAML",
    ),
}
"""Messages and allowed values by the beginning of PyYAML's message."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class YamlDocument:
    """A file's content as plain data, and the place of each key and value.

    `problems` are those that did not prevent reading the rest.
    """

    file: str
    content: object
    key_places: Mapping[KeyPath, Place]
    value_places: Mapping[KeyPath, Place]
    problems: tuple[SettingsProblem, ...]

    def place_of_key(self, path: KeyPath) -> Place:
        """Return the place of the key at `path`; of the value, if `path` is a list item."""
        return self.key_places.get(path) or self.place_of_value(path)

    def place_of_value(self, path: KeyPath) -> Place:
        """Return the place of the value at `path`; of its section, if the value is missing."""
        place = self.value_places.get(path)
        while place is None:
            path = path[:-1]
            place = self.key_places.get(path) or self.value_places.get(path)
        return place


def read_yaml(path: Path) -> YamlDocument:
    """Read a settings file.

    Raises:
        SettingsError: the file cannot be read, or is not one YAML document.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        reason = (error.strerror or "not a regular file").lower()
        raise _refusal(file, None, f"cannot read file: {reason}") from error
    except ValueError as error:
        raise _refusal(file, None, "cannot read file: invalid path") from error
    if len(data) > MAX_FILE_SIZE:
        raise _refusal(file, None, "too large", f"at most {MAX_FILE_SIZE >> 20} MiB")
    return parse_yaml(_decoded(data, file), file)


def parse_yaml(text: str, file: str) -> YamlDocument:
    """Parse the text of a settings file; `file` is its name in problems.

    Raises:
        SettingsError: the text is not one YAML document.
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
    # No error is chained: it would contain the whole file.
    refusal = None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(
            line=data.count(b"\n", 0, error.start) + 1,
            column=error.start - data.rfind(b"\n", 0, error.start),
        )
        refusal = _refusal(file, place, "not UTF-8 text", "UTF-8")
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
        refusal = _refusal(file, place, "control character", "printable text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = composer.last_place if mark is None else place_of_mark(mark)
        refusal = _refusal(file, place, *_syntax_words(error.problem or "", text, mark))
    except (ValueError, OverflowError):
        # PyYAML converts escapes and the version in a directive without checking their range.
        refusal = _refusal(
            file, composer.last_place, "escape sequence out of range after this place"
        )
    if refusal is not None:
        raise refusal
    if composer.root is None:
        raise _refusal(file, None, "empty file", "a mapping with `providers` and other keys")
    return composer.root


def _syntax_words(problem: str, text: str, mark: yaml.Mark | None) -> tuple[str, str]:
    """Return the message and the allowed text for a syntax error."""
    character = None
    if mark is not None:
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        character = line[mark.column : mark.column + 1]
    if character == "\t":
        return "tab used for indentation", "spaces"
    for beginning, words in _FRIENDLY.items():
        if problem.startswith(beginning):
            return words
    return f"invalid YAML: {problem}", ""


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
