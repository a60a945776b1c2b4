"""The languages that have a client, from `languages.yaml`, and how their drivers are built."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


class BuildError(Exception):
    """A driver could not be built; holds what its tools said."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Language:
    """A client library: how its driver is built and run, and which cases do not apply to it."""

    name: str
    title: str
    run: tuple[str, ...]
    build: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    not_applicable: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def missing(self, root: Path) -> str:
        """Return what has to be installed first; empty where nothing has."""
        programs = [f"`{it}` is not installed" for it in self.programs if shutil.which(it) is None]
        files = [f"`{it}` is not there" for it in self.files if not (root / it).exists()]
        return ", ".join(programs + files)

    def make(self, root: Path) -> None:
        """Build the driver, where it has to be.

        Raises:
            BuildError: it cannot be built.
        """
        if not self.build:
            return
        built = subprocess.run(  # noqa: S603 - the commands of languages.yaml
            self.build,
            cwd=root,
            check=False,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ,
        )
        if built.returncode:
            raise BuildError(built.stdout)


def load_languages(file: Path) -> tuple[Language, ...]:
    """Return the languages of a file."""
    document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    return tuple(_language(entry) for entry in document["languages"])


def _language(entry: Mapping[str, Any]) -> Language:
    known = {field.name for field in dataclasses.fields(Language)}
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise ValueError(f"`{unknown[0]}` is no key of a language; known: {', '.join(known)}")
    return Language(
        name=entry["name"],
        title=entry["title"],
        run=tuple(entry["run"]),
        build=tuple(entry.get("build", ())),
        programs=tuple(entry.get("programs", ())),
        files=tuple(entry.get("files", ())),
        not_applicable=entry.get("not_applicable", {}),
    )
