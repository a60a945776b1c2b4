"""Detects identifiers in this process, without keeping or sending any.

Texts are searched completely, in time linear in their length. Each search starts at characters that
are rare in prose, so that 1 KB takes a few microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from routersvc.detection.announcements import IdWords, find_announced
from routersvc.detection.contacts import PhoneFinder, find_emails
from routersvc.detection.found import Found
from routersvc.detection.letters import find_digit_ids, find_letter_ids
from routersvc.detection.numbers import find_numbers
from routersvc.domain.profiling.identifiers import IdentifierFinding

_CLUSTER = re.compile("[0-9][0-9 ./()+-]{6,}")
"""Digits and separators; `re` finds the first character of such a run quickly."""


class LocalDetector:
    """Finds identifiers. `phone_regions` are ISO 3166 codes of accepted national numbers."""

    def __init__(self, phone_regions: Iterable[str] = ()) -> None:
        self._phone_regions = tuple(phone_regions)

    def detect(self, texts: Iterable[str]) -> tuple[IdentifierFinding, ...]:
        """Return the number of distinct identifiers, by kind."""
        found = Found()
        phones = PhoneFinder(self._phone_regions)
        for text in texts:
            if text:
                _search(text, phones, found)
        return found.findings()


def _search(text: str, phones: PhoneFinder, found: Found) -> None:
    find_emails(text, found)
    lowered = text.lower()
    find_announced(lowered, found)
    find_letter_ids(text, found)
    words: IdWords | None = None
    for match in _CLUSTER.finditer(text):
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
            phones.find(signs + cluster, found)
