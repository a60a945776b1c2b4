"""Secrets, which settings contain only as references: `env:NAME` or `file:PATH`.

    SecretUnavailableError      the environment or the file does not provide the secret

A secret is read when the settings are loaded. No text of it shows the content.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping
from pathlib import Path

from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.problems import shown
from routersvc.settings.source.plain_files import require_plain_file

MAX_SECRET_SIZE = 16_384
"""The largest secret file in bytes; no provider accepts longer headers."""

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VISIBLE_ASCII = re.compile(r"[\x20-\x7e]+")


class SecretUnavailableError(Exception):
    """A secret is missing or invalid. The message never contains it."""


class SecretSource(enum.Enum):
    """The source of a secret."""

    ENVIRONMENT = "env"
    FILE = "file"


@dataclasses.dataclass(frozen=True, slots=True)
class SecretReference:
    """A reference to a secret: the name of a variable, or the path of a file."""

    source: SecretSource
    name: str

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Parse `env:NAME` or `file:PATH`.

        Raises:
            ValueError: the text is no reference; the message does not repeat it.
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
        raise ValueError("must be a reference to a secret, not the secret itself")

    def __str__(self) -> str:
        return f"{self.source.value}:{self.name}"

    def resolve(self, environment: Mapping[str, str], folder: Path) -> Secret:
        """Read the secret; a relative path is relative to `folder`.

        Raises:
            SecretUnavailableError: it is missing or invalid.
        """
        if self.source is SecretSource.ENVIRONMENT:
            content = environment.get(self.name)
            if content is None:
                raise SecretUnavailableError(f"environment variable {shown(self.name)} is not set")
            return Secret(_usable(content, f"environment variable {shown(self.name)}"))
        return Secret(_read(folder / self.name, f"file {shown(self.name)}"))


def _read(path: Path, name: str) -> str:
    try:
        require_plain_file(path)
        with path.open("rb") as stream:
            data = stream.read(MAX_SECRET_SIZE + 1)
    except OSError as error:
        reason = (error.strerror or "not a regular file").lower()
        raise SecretUnavailableError(f"{name} cannot be read: {reason}") from error
    except ValueError as error:
        raise SecretUnavailableError(f"{name} has an invalid path") from error
    if len(data) > MAX_SECRET_SIZE:
        raise SecretUnavailableError(f"{name} is larger than {MAX_SECRET_SIZE} bytes")
    # Latin-1 never fails, and characters that are not ASCII are rejected next.
    return _usable(data.decode("latin-1").rstrip("\r\n"), name)


def _usable(content: str, name: str) -> str:
    if not content.strip():
        raise SecretUnavailableError(f"{name} is empty")
    if not _VISIBLE_ASCII.fullmatch(content):
        raise SecretUnavailableError(
            f"{name} contains characters that are not allowed in HTTP headers"
        )
    return content
