"""Parses and writes times, durations and sizes: `22:00`, `250ms`, `1m30s`, `16MiB`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

SECONDS: Mapping[str, float] = MappingProxyType(
    {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
)
"""Units of time, longest first."""

BYTES: Mapping[str, int] = MappingProxyType(
    {
        "GiB": 1 << 30,
        "MiB": 1 << 20,
        "KiB": 1 << 10,
        "GB": 1_000_000_000,
        "MB": 1_000_000,
        "kB": 1_000,
        "B": 1,
    }
)
"""Units of size."""

DURATION_PATTERN = (
    r"^(?=.)([0-9]+(\.[0-9]+)?d)?([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?"
    r"([0-9]+(\.[0-9]+)?s)?([0-9]+(\.[0-9]+)?ms)?$"
)
"""A duration: each unit at most once, longer units first."""

SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?(GiB|MiB|KiB|GB|MB|kB|B)$"
"""A size: one number, one unit."""

TIME_OF_DAY_PATTERN = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
"""A time of day to the minute; `24:00` is the end of the day."""

_LONGEST_TEXT = 40
_DURATION = re.compile(DURATION_PATTERN.replace("$", r"\Z"))
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[dhms])")
_TIME_OF_DAY = re.compile(TIME_OF_DAY_PATTERN.replace("$", r"\Z"))
_SIZE = re.compile(r"([0-9]+)(?:\.([0-9]+))?(GiB|MiB|KiB|GB|MB|kB|B)")


def seconds_of(text: str) -> float:
    """Parse a duration such as `1m30s` and return it in seconds.

    Raises:
        ValueError: the text is none.
    """
    if len(text) > _LONGEST_TEXT or not _DURATION.match(text):
        raise ValueError("not a duration")
    return sum(float(number) * SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def second_of_day(text: str) -> int:
    """Parse a time such as `22:00` and return the seconds after midnight.

    Raises:
        ValueError: the text is none.
    """
    if not _TIME_OF_DAY.match(text):
        raise ValueError("not a time of day")
    return 3_600 * int(text[:2]) + 60 * int(text[3:])


def bytes_of(text: str) -> int:
    """Parse a size such as `16MiB` and return it in bytes.

    Raises:
        ValueError: the text is no size, or not a whole number of bytes.
    """
    match = _SIZE.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise ValueError("not a size")
    whole, fraction, unit = match.group(1), match.group(2) or "", match.group(3)
    scale: int = 10 ** len(fraction)
    size, rest = divmod(int(whole + fraction) * BYTES[unit], scale)
    if rest:
        raise ValueError("not a whole number of bytes")
    return size


def duration_text(seconds: float) -> str:
    """Return the text of a duration, exact to the millisecond."""
    rest = round(seconds * 1000)
    parts: list[str] = []
    for unit, length in SECONDS.items():
        count, rest = divmod(rest, round(length * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def size_text(size: int) -> str:
    """Return the text of a size, in the largest binary unit that is exact."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % BYTES[unit] == 0:
            return f"{size // BYTES[unit]}{unit}"
    return f"{size}B"
