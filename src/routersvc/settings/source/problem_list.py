"""Collects the problems of one file, each with its line and column."""

from __future__ import annotations

from routersvc.settings.problems import KeyPath, SettingsProblem, key_text
from routersvc.settings.source.yaml_nodes import Place
from routersvc.settings.source.yaml_source import YamlDocument


class ProblemList:
    """The problems of one file found so far."""

    def __init__(self, source: YamlDocument) -> None:
        self._source = source
        self.problems = list(source.problems)
        self._wrong_values: set[KeyPath] = set()

    def at_value(self, path: KeyPath, message: str, allowed: str = "") -> None:
        """Add a problem with the value at `path`; a missing value is reported at its section."""
        self._wrong_values.add(path)
        self._add(path, self._source.place_of_value(path), message, allowed)

    def has_value(self, path: KeyPath) -> bool:
        """Return whether there is a problem with the value at `path`."""
        return path in self._wrong_values

    def at_key(self, path: KeyPath, message: str, allowed: str = "") -> None:
        """Add a problem with the key at `path`, or with its whole section."""
        self._add(path, self._source.place_of_key(path), message, allowed)

    def _add(self, path: KeyPath, place: Place, message: str, allowed: str) -> None:
        self.problems.append(
            SettingsProblem(
                file=self._source.file,
                line=place.line,
                column=place.column,
                key_path=key_text(path),
                message=message,
                allowed=allowed,
            )
        )
