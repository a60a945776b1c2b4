"""The detector of this package: everything is looked at, nothing is kept, nothing leaves.

Texts are searched whole, in time linear in their length: a document can hold an identifier
anywhere. Each search begins with characters that are rare in prose, which is why 1 KB costs
a few microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from routersvc.detection.announcements import IdWords, find_announced
from routersvc.detection.contacts import PhoneFinder, find_emails
from routersvc.detection.found import Found
from routersvc.detection.letters import find_digit_ids, find_letter_ids
from routersvc.detection.numbers import find_numbers
from routersvc.domain.profiling.identifiers import (
    IdentifierFinding,
)

_CLUSTER = re.compile("[0-9][0-9 ./()+-]{6,}")
"""Digits with the signs that people put between them; `re` is fast to find its first set."""


class LocalDetector:
    """Finds identifiers. `phone_regions` are ISO 3166 codes whose national numbers are known."""

    def __init__(self, phone_regions: Iterable[str] = ()) -> None:
        self._phone_regions = tuple(phone_regions)

    def detect(self, texts: Iterable[str]) -> tuple[IdentifierFinding, ...]:
        """Return how many different identifiers there are, by kind."""
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
            # The tail of a word or of a longer code is no number of its own.
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
