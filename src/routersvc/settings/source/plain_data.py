"""The content of a settings file as written, for checks that do not depend on types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from routersvc.settings.problems import KeyPath


class PlainData:
    """Mappings, lists and scalars by key path; missing values and other types are skipped."""

    def __init__(self, content: object) -> None:
        self._content = content

    def has(self, path: KeyPath) -> bool:
        """Return whether there is a value at `path`."""
        *outer, last = path
        holder = self._at(tuple(outer))
        return isinstance(holder, dict) and last in holder

    def keys(self, path: KeyPath) -> tuple[str, ...]:
        """Return the keys of the mapping at `path`."""
        found = self._at(path)
        return tuple(cast("dict[str, object]", found)) if isinstance(found, dict) else ()

    def text(self, path: KeyPath) -> str | None:
        """Return the text at `path`."""
        found = self._at(path)
        return found if isinstance(found, str) else None

    def texts(self, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        """Yield the texts in the list at `path`, each with its path."""
        found = self._at(path)
        for at, item in enumerate(cast("list[object]", found) if isinstance(found, list) else ()):
            if isinstance(item, str):
                yield (*path, at), item

    def items(self, path: KeyPath) -> Iterator[KeyPath]:
        """Yield the path of each item of the list at `path`."""
        found = self._at(path)
        for at in range(len(cast("list[object]", found)) if isinstance(found, list) else 0):
            yield (*path, at)

    def _at(self, path: KeyPath) -> object:
        found = self._content
        for step in path:
            if isinstance(found, dict):
                found = cast("dict[str | int, object]", found).get(step)
            elif isinstance(found, list) and isinstance(step, int):
                found = cast("list[object]", found)[step]
            else:
                return None
        return found
