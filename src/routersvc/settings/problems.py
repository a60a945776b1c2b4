"""Problems of a settings file, and how they are shown without revealing secrets.

    SettingsError       all problems of one file

Operators put secrets into wrong places, so a text that looks like a secret is never shown, whatever
its key, nor is a text where a whole section belongs.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Collection, Iterable, Sequence

KeyPath = tuple[str | int, ...]
"""The path of a value: keys of mappings and indices of lists, outermost first."""

_LONGEST_SHOWN = 60
_SHORTEST_SECRET = 12
_LONGEST_LISTING = 30
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SECRET_STARTS = (
    "AIza",
    "AKIA",
    "ASIA",
    "eyJ",
    "ghp_",
    "gsk_",
    "hf_",
    "nvapi-",
    "pk-",
    "pplx-",
    "rk-",
    "sk-",
    "sk_",
    "xai-",
)
"""Prefixes of vendors' API keys."""

_AUTHORIZATION = re.compile(r"(bearer|basic|token)\s", re.IGNORECASE)
_WORD_ENDS = re.compile(r"[\s/:=,;@]+")

_RANDOM_WORD = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}")
_HASH_LIKE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9+/=]{40,}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SettingsProblem:
    """One problem of a settings file.

    `line` and `column` count from 1. They are `None`, and `key_path` is empty, if the problem
    concerns the file as a whole. `allowed` describes the allowed values, if the message does not.
    """

    file: str
    line: int | None
    column: int | None
    key_path: str
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        """Return the problem as one line that starts with its place, for editors and terminals."""
        place = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        key = f"{self.key_path}: " if self.key_path else ""
        allowed = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{':'.join(place)}: {key}{self.message}{allowed}"


class SettingsError(Exception):
    """The settings are invalid; `problems` lists all problems in the order of the file."""

    def __init__(self, problems: Iterable[SettingsProblem]) -> None:
        self.problems = tuple(
            sorted(
                dict.fromkeys(problems),
                key=lambda problem: (problem.line or 0, problem.column or 0, problem.key_path),
            )
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


def key_text(path: Sequence[str | int]) -> str:
    """Return the text of a key path: `policies.fast.deployments[2]`."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif looks_secret(step):
            parts.append(".<not shown>")
        elif _PLAIN_KEY.fullmatch(step):
            parts.append(f".{step}")
        else:
            parts.append(f'."{_one_line(step)}"')
    return "".join(parts).removeprefix(".")


def shown(value: object) -> str:
    """Return a value for a message: scalars as written, never a secret."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case str() if looks_secret(value):
            return f"text of {len(value)} characters (not shown, may be a secret)"
        case str():
            return f"`{_one_line(value)}`"
        case int() | float():
            return f"`{_one_line(str(value))}`"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def kind(value: object) -> str:
    """Return the kind of a value, without the value."""
    match value:
        case str():
            return "text"
        case bool():
            return "`true` or `false`"
        case int() | float():
            return "a number"
        case _:
            return shown(value)


def looks_secret(text: str) -> bool:
    """Return whether a text may contain a secret: a word has a key prefix, or looks random."""
    return (
        _AUTHORIZATION.match(text) is not None
        or any(
            len(word) >= _SHORTEST_SECRET and word.startswith(_SECRET_STARTS)
            for word in _WORD_ENDS.split(text)
        )
        or _RANDOM_WORD.search(text) is not None
        or _HASH_LIKE.search(text) is not None
    )


def listing(names: Collection[str]) -> str:
    """Return names for a message, in backticks, at most 30."""
    first = list(names)[:_LONGEST_LISTING]
    more = f" and {len(names) - len(first)} more" if len(names) > len(first) else ""
    return ", ".join(shown(name) for name in first) + more or "none"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a suggestion of the known name closest to `name`, empty if none is close."""
    if looks_secret(name):
        return ""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name[:_LONGEST_SHOWN].casefold(), by_folded, n=1)
    return f"; did you mean `{by_folded[near[0]]}`?" if near else ""


def _one_line(text: str) -> str:
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in cut
    )
