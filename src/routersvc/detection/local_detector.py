"""Detects identifiers in this process, without keeping or sending any.

Texts are searched in windows, in time linear in their length; a prompt with more numbers than are
looked at counts as one with every kind of identifier. Each search starts at characters that are
rare in prose, so that 1 KB takes a few microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from routersvc.detection.announcements import IdWords, find_announced
from routersvc.detection.contacts import PhoneFinder, find_emails, load_plans, trunk_prefixes
from routersvc.detection.found import Found
from routersvc.detection.letters import find_digit_ids, find_letter_ids
from routersvc.detection.numbers import find_numbers
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.profiling.identifiers import IdentifierFinding

_CLUSTER = re.compile("[0-9][0-9 ./()+-]{6,}")
"""Digits and separators; `re` finds the first character of such a run quickly."""


_WINDOW = 8_192
"""Characters that are searched at a time: under a millisecond of prose."""

_DENSE_WINDOW = 1_024
"""The same where more than `_FEW_DIGITS` are digits: a few milliseconds of a table of numbers."""

_FEW_DIGITS = 512

_OVERLAP = 160
"""Characters that two windows share: more than an identifier and the words that announce it."""

_BREAK = re.compile(r"[^0-9A-Za-z@._+'-]")
"""A character at which no identifier is cut."""


class LocalDetector:
    """Finds identifiers. `phone_regions` are ISO 3166 codes of accepted national numbers."""

    def __init__(self, phone_regions: Iterable[str] = ()) -> None:
        load_plans()
        self._phone_regions = trunk_prefixes(phone_regions)

    def detecting(self, texts: Iterable[str]) -> Steps[tuple[IdentifierFinding, ...]]:
        """Return the number of distinct identifiers, by kind; a step searches one window."""
        found = Found()
        phones = PhoneFinder(self._phone_regions)
        for text in texts:
            start = 0
            while start < len(text) and not found.is_complete:
                end = _end_of_window(text, start)
                yield from _search(text[start:end], phones, found)
                if end == len(text):
                    break
                start = _next_window(text, end - _OVERLAP, end)
                yield
        return found.findings()


def _end_of_window(text: str, start: int) -> int:
    end = min(len(text), start + _WINDOW)
    if end - start <= _DENSE_WINDOW:
        return end
    digits = sum(text.count(digit, start, end) for digit in "0123456789")
    return end if digits <= _FEW_DIGITS else start + _DENSE_WINDOW


def _next_window(text: str, start: int, end: int) -> int:
    """Return the start of the next window, at a break where there is one."""
    place = _BREAK.search(text, start, start + (end - start) // 2)
    return start if place is None else place.end()


def _search(text: str, phones: PhoneFinder, found: Found) -> Steps[None]:
    find_emails(text, found)
    lowered = text.lower()
    find_announced(lowered, found)
    find_letter_ids(text, found)
    words: IdWords | None = None
    for match in _CLUSTER.finditer(text):
        if found.is_complete:
            return
        start, end = match.span()
        before = text[max(0, start - 2) : start]
        if before[-1:].isalnum() or before[-1:] == "_":
            # Digits at the end of a word or of a longer code are no separate number.
            continue
        if find_digit_ids(text, start, found):
            continue
        cluster = match[0]
        if text[end : end + 1].isalpha():
            # Its last digits belong to what follows.
            cluster = cluster.rstrip("0123456789")
        if words is None:
            words = IdWords(lowered)
        if not find_numbers(cluster, found, announced=words.announce(start)):
            signs = before[len(before.rstrip("+(")) :]
            yield from phones.finding(signs + cluster, found)
