"""Makes text that matches a regular expression, for `pattern` in JSON schemas.

The subset that such patterns use: literals, escapes, classes, groups, alternation and
quantifiers. Look-arounds and boundaries are ignored while generating, so a text is returned only
if the compiled expression matches it.
"""

from __future__ import annotations

import random
import re
import string
import warnings

_ATTEMPTS = 60
_MOST_REPEATS = 4
_PRINTABLE = string.ascii_letters + string.digits + " -_"
_CLASSES = {
    "d": string.digits,
    "w": string.ascii_letters + string.digits + "_",
    "s": " ",
    "D": string.ascii_letters,
    "W": "-",
    "S": string.ascii_letters + string.digits,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


def matching_text(
    pattern: str, source: random.Random, *, shortest: int = 0, longest: int | None = None
) -> str | None:
    """Return text that matches `pattern` within the length bounds, or `None` if none is found."""
    try:
        with warnings.catch_warnings():
            # A client's odd pattern must not cause warnings in the simulator's log.
            warnings.simplefilter("ignore", FutureWarning)
            expression = re.compile(pattern)
    except (re.error, OverflowError):
        return None
    for _ in range(_ATTEMPTS):
        try:
            text = _Writer(pattern, source).alternatives()
        except (IndexError, ValueError):
            return None
        if len(text) < shortest and expression.search(text + "a" * (shortest - len(text))):
            text += "a" * (shortest - len(text))
        fits = len(text) >= shortest and (longest is None or len(text) <= longest)
        if fits and expression.search(text):
            return text
    return None


class _Writer:
    """Reads a pattern from left to right and writes one text for it."""

    def __init__(self, pattern: str, source: random.Random) -> None:
        self._pattern = pattern
        self._source = source
        self._at = 0

    def alternatives(self) -> str:
        """Write one of the alternatives up to the end or to a closing bracket."""
        written = [self._sequence()]
        while self._at < len(self._pattern) and self._pattern[self._at] == "|":
            self._at += 1
            written.append(self._sequence())
        return self._source.choice(written)

    def _sequence(self) -> str:
        text = ""
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            start = self._at
            once = self._atom()
            fewest, most = self._quantifier()
            repeats = self._source.randint(fewest, most)
            if repeats == 0:
                continue
            text += once
            after = self._at
            for _ in range(repeats - 1):
                self._at = start
                text += self._atom()
            self._at = after
        return text

    def _atom(self) -> str:
        character = self._take()
        match character:
            case "^" | "$":
                return ""
            case ".":
                return self._source.choice(_PRINTABLE)
            case "[":
                return self._source.choice(self._members())
            case "(":
                return self._group()
            case "\\":
                return self._escape()
            case _:
                return character

    def _group(self) -> str:
        silent = False
        if self._pattern.startswith("?", self._at):
            self._at += 1
            sort = self._take()
            if sort == "P" or (sort == "<" and self._pattern[self._at] not in "=!"):
                self._at = self._pattern.index(">", self._at) + 1
            elif sort != ":":
                silent = True
                self._at += sort == "<"
        text = self.alternatives()
        self._take()
        return "" if silent else text

    def _escape(self) -> str:
        character = self._take()
        if character in _CLASSES:
            return self._source.choice(_CLASSES[character])
        if character in "bBAZz":
            return ""
        if character in "xu":
            digits = 2 if character == "x" else 4
            self._at += digits
            return chr(int(self._pattern[self._at - digits : self._at], 16))
        return _CONTROLS.get(character, character)

    def _members(self) -> str:
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        members = ""
        first = True
        while first or self._pattern[self._at] != "]":
            first = False
            low = self._member()
            ranged = self._pattern[self._at] == "-" and self._pattern[self._at + 1] != "]"
            if len(low) == 1 and ranged:
                self._at += 1
                high = self._member()
                members += "".join(map(chr, range(ord(low), ord(high) + 1)))
            else:
                members += low
        self._at += 1
        if negated:
            return "".join(sorted(set(_PRINTABLE) - set(members))) or "~"
        return members

    def _member(self) -> str:
        character = self._take()
        if character != "\\":
            return character
        escaped = self._pattern[self._at]
        if escaped in _CLASSES:
            self._at += 1
            return _CLASSES[escaped]
        return self._escape()

    def _quantifier(self) -> tuple[int, int]:
        if self._at >= len(self._pattern):
            return 1, 1
        bounds = {"*": (0, _MOST_REPEATS), "+": (1, _MOST_REPEATS), "?": (0, 1)}
        character = self._pattern[self._at]
        counted = re.compile(r"\{(\d+)(,?)(\d*)\}").match(self._pattern, self._at)
        if character in bounds:
            self._at += 1
            fewest, most = bounds[character]
        elif counted:
            self._at = counted.end()
            fewest = int(counted[1])
            most = fewest
            if counted[2]:
                most = fewest + _MOST_REPEATS
                if counted[3]:
                    most = min(most, max(fewest, int(counted[3])))
        else:
            return 1, 1
        if self._at < len(self._pattern) and self._pattern[self._at] in "?+":
            self._at += 1
        return fewest, most

    def _take(self) -> str:
        character = self._pattern[self._at]
        self._at += 1
        return character
