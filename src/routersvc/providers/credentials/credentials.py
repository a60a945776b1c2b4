"""Credentials that do not show themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn


class Secret:
    """A text that no `repr`, log line or pickle shows; only `reveal` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the wire only."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be written down")


CredentialSource = Callable[[], Secret]
"""Gives the credential that is valid now. Called for every attempt: must be quick and not block."""
