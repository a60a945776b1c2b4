"""Reads the wait before a retry and what is left of the rate limits from response headers.

`Retry-After` in all its spellings, and the rate-limit headers that vendors send: their names stand
with the vendors' other error facts, joined in `tables`. Of several windows the shortest counts,
because it is exhausted first. A value that cannot be parsed counts as absent.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.providers.errors.tables import REMAINING_REQUESTS, REMAINING_TOKENS

_DURATION = re.compile(
    r"(?:(?P<d>[\d.]+)d)?(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m(?!s))?"
    r"(?:(?P<s>[\d.]+)s)?(?:(?P<ms>[\d.]+)ms)?(?:(?P<us>[\d.]+)[uµ]s)?"
)
_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}

_EARLIEST_EPOCH = 1_000_000_000.0
"""September 2001. No window is that many seconds long, so a larger number is an instant."""

_EARLIEST_EPOCH_MILLISECONDS = _EARLIEST_EPOCH * 1_000

_SIBLINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        kind: MappingProxyType(
            {
                name: name.replace("remaining", kind, 1)
                for name in (*REMAINING_REQUESTS, *REMAINING_TOKENS)
            }
        )
        for kind in ("limit", "reset")
    }
)
"""The headers that stand beside one that tells what remains."""

_MAX_DIGITS = 19
"""Counts fit 64 bits; a longer row of digits is no count, and costly to read."""


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the retry delay in seconds, `None` if the provider does not state one.

    A delay of zero, or one that ended in the past, is none. `headers` have lower-case names. `now`
    is Unix time; the response's own `Date` is preferred where an instant must be turned into a
    wait, because clocks differ.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None and milliseconds > 0:
        return milliseconds / 1_000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is None:
        instant = _http_date(value)
        if instant is not None:
            sent = _http_date(headers.get("date", ""))
            seconds = instant - (now if sent is None else sent)
    if seconds is not None:
        return seconds if seconds > 0 else None
    return _reset_of_what_is_used_up(headers, now=now) or None


def headroom(headers: Mapping[str, str], *, now: float) -> RateLimitHeadroom | None:
    """Return what is left of the rate limits, `None` if the provider does not state it."""
    requests = _first(headers, REMAINING_REQUESTS)
    tokens = _first(headers, REMAINING_TOKENS)
    if requests is None and tokens is None:
        return None
    return RateLimitHeadroom(
        remaining_requests=_count(headers, requests),
        limit_requests=_count(headers, _sibling(requests, "limit")),
        requests_reset=_wait(headers, _sibling(requests, "reset"), now=now),
        remaining_tokens=_count(headers, tokens),
        limit_tokens=_count(headers, _sibling(tokens, "limit")),
        tokens_reset=_wait(headers, _sibling(tokens, "reset"), now=now),
    )


def seconds_until(value: str, *, now: float) -> float | None:
    """Return the seconds that `value` means: `1m2.5s`, `250ms`, `9`, Unix time or RFC 3339."""
    text = value.strip()
    number = _number(text) if text[-1:].isdecimal() else None
    if number is not None:
        if number >= _EARLIEST_EPOCH_MILLISECONDS:
            number = number / 1_000 - now
        elif number >= _EARLIEST_EPOCH:
            number -= now
        return max(0.0, number)
    plain = _plain_seconds(text)
    if plain is not None:
        return plain
    match = _DURATION.fullmatch(text) if text else None
    if match is not None:
        total = 0.0
        for unit, digits in match.groupdict().items():
            if digits:
                amount = _number(digits)
                if amount is None:
                    return None
                total += amount * _UNITS[unit]
        return total
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return max(0.0, instant.timestamp() - now)


def _plain_seconds(text: str) -> float | None:
    """Return the seconds of `1.5s` or `250ms`, the forms that nearly every response has."""
    if not text.endswith("s"):
        return None
    digits, unit = (text[:-2], 1e-3) if text.endswith("ms") else (text[:-1], 1.0)
    is_number = digits.replace(".", "", 1).isdecimal() and len(digits) <= _MAX_DIGITS
    return float(digits) * unit if is_number else None


def _reset_of_what_is_used_up(headers: Mapping[str, str], *, now: float) -> float | None:
    left = headroom(headers, now=now)
    if left is None:
        return None
    waits = [
        wait
        for remaining, wait in (
            (left.remaining_requests, left.requests_reset),
            (left.remaining_tokens, left.tokens_reset),
        )
        if remaining == 0 and wait is not None
    ]
    return max(waits, default=None)


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    for name in names:
        if name in headers:
            return name
    return None


def _sibling(name: str | None, kind: str) -> str | None:
    return None if name is None else _SIBLINGS[kind][name]


def _count(headers: Mapping[str, str], name: str | None) -> int | None:
    text = "" if name is None else headers.get(name, "")
    if text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text)
    number = _number(text)
    return None if number is None or number < 0 else int(number)


def _wait(headers: Mapping[str, str], name: str | None, *, now: float) -> float | None:
    return None if name is None else seconds_until(headers.get(name, ""), now=now)


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _http_date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
