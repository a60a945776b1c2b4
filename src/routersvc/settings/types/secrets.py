"""Secrets stand in the settings by reference alone: `env:NAME` or `file:PATH`.

    SecretUnavailableError      the environment or the file does not give what is referred to

A secret is read when the settings are loaded, and shows itself to nobody who does not ask.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping
from pathlib import Path

from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.problems import shown

MAX_SECRET_SIZE = 16_384
"""Bytes of a secret file; no header of a provider takes more."""

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VISIBLE_ASCII = re.compile(r"[\x20-\x7e]+")


class SecretUnavailableError(Exception):
    """What a reference points to is absent or cannot be used. Never holds the secret."""


class SecretSource(enum.Enum):
    """Where a secret comes from."""

    ENVIRONMENT = "env"
    FILE = "file"


@dataclasses.dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret comes from: the name of a variable, or the path of a file."""

    source: SecretSource
    name: str

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Read `env:NAME` or `file:PATH`.

        Raises:
            ValueError: the text is no reference. Does not repeat the text.
        """
        scheme, separator, name = text.partition(":")
        if separator and scheme == SecretSource.ENVIRONMENT.value:
            if not _ENVIRONMENT_NAME.fullmatch(name):
                raise ValueError("`env:` is not followed by the name of an environment variable")
            return cls(SecretSource.ENVIRONMENT, name)
        if separator and scheme == SecretSource.FILE.value:
            if not name.strip():
                raise ValueError("`file:` is not followed by a path")
            return cls(SecretSource.FILE, name)
        raise ValueError("a secret cannot stand here itself, only where to find it")

    def __str__(self) -> str:
        return f"{self.source.value}:{self.name}"

    def resolve(self, environment: Mapping[str, str], folder: Path) -> Secret:
        """Read the secret; a relative path starts at `folder`.

        Raises:
            SecretUnavailableError: it is absent or cannot be used.
        """
        if self.source is SecretSource.ENVIRONMENT:
            content = environment.get(self.name)
            if content is None:
                raise SecretUnavailableError(
                    f"the environment variable {shown(self.name)} is not set"
                )
            return Secret(_usable(content, f"the environment variable {shown(self.name)}"))
        return Secret(_read(folder / self.name, f"the file {shown(self.name)}"))


def _read(path: Path, name: str) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_SECRET_SIZE + 1)
    except OSError as error:
        reason = (error.strerror or "no usable file").lower()
        raise SecretUnavailableError(f"{name} cannot be read: {reason}") from error
    except ValueError as error:
        raise SecretUnavailableError(f"{name} has no usable path") from error
    if len(data) > MAX_SECRET_SIZE:
        raise SecretUnavailableError(f"{name} is larger than {MAX_SECRET_SIZE} bytes")
    # Latin-1 never fails, and what is not ASCII is refused next.
    return _usable(data.decode("latin-1").rstrip("\r\n"), name)


def _usable(content: str, name: str) -> str:
    if not content.strip():
        raise SecretUnavailableError(f"{name} is empty")
    if not _VISIBLE_ASCII.fullmatch(content):
        raise SecretUnavailableError(f"{name} holds characters that no HTTP header can carry")
    return content
