"""Finds e-mail addresses and telephone numbers.

International numbers are accepted in any format; national ones only for the configured regions and
only with the usual grouping. Numbers are validated by phonenumbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from routersvc.detection.found import Found
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.profiling.identifiers import IdentifierKind

_DOMAIN = re.compile(r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}(?![\w@])")
_LOCAL_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-'"
)
_LONGEST_LOCAL = 64

_GROUPED = re.compile(r"\(?[0-9]{2,5}\)?(?:[ ./-]{1,2}[0-9]{2,8}){1,4}")
_NORTH_AMERICAN_PREFIX = "1"
_NORTH_AMERICAN = re.compile(r"(?:1[ .-])?\(?[2-9][0-9]{2}\)?[ ./-]{1,2}[0-9]{3}[ .-][0-9]{4}")
_FEWEST_WITHOUT_PREFIX = 9
_MOST_PARSED = 200
"""Candidates that are held against the plans, for one prompt. Each takes 50 µs, and up to 5 ms
where patterns of its country are compiled. What is beyond counts by its form alone, because a
detector may only err towards more protection."""
_DIGITS = range(7, 16)
"""Digits of a telephone number (E.164 has at most 15)."""


def find_emails(text: str, found: Found) -> None:
    """Find e-mail addresses."""
    if "@" not in text:
        return
    for match in _DOMAIN.finditer(text):
        if not found.wants(IdentifierKind.EMAIL):
            return
        start = end = match.start()
        while start > 0 and end - start < _LONGEST_LOCAL and text[start - 1] in _LOCAL_CHARACTERS:
            start -= 1
        local = text[start:end].lstrip(".'-")
        if local and not local.endswith("."):
            found.add(IdentifierKind.EMAIL, f"{local}{match[0]}".lower())


class PhoneFinder:
    """Finds telephone numbers in one prompt. `regions` are those of `trunk_prefixes`."""

    def __init__(self, regions: Mapping[str, str | None]) -> None:
        self._regions = regions
        self._parsed = 0

    def finding(self, cluster: str, found: Found) -> Steps[None]:
        """Check a run of digits and separators; a step checks one number."""
        if "+" in cluster:
            for number in _international(cluster):
                if found.wants(IdentifierKind.PHONE_NUMBER):
                    if self._exists(number, None):
                        found.add(IdentifierKind.PHONE_NUMBER, _compact(number))
                    yield
            return
        if not self._regions:
            return
        for match in _GROUPED.finditer(cluster):
            found.look_at(1)
            if not found.wants(IdentifierKind.PHONE_NUMBER):
                return
            for region, prefix in self._regions.items():
                if _is_written_as(match[0], prefix):
                    exists = self._exists(match[0], region)
                    yield
                    if exists:
                        found.add(IdentifierKind.PHONE_NUMBER, _compact(match[0]))
                        break

    def _exists(self, candidate: str, region: str | None) -> bool:
        if self._parsed >= _MOST_PARSED:
            return True
        self._parsed += 1
        try:
            return phonenumbers.is_valid_number(phonenumbers.parse(candidate, region))
        except Exception:  # noqa: BLE001 - a validator of a library never fails a request
            return False


def load_plans() -> None:
    """Load the plans of all countries, which takes 50 ms once.

    Otherwise each would be read from its file when a prompt first has a number of that country.
    """
    PhoneMetadata.load_all()


def trunk_prefixes(regions: Iterable[str]) -> dict[str, str | None]:
    """Return the prefix of national numbers for each region, `None` where there is none."""
    return {
        region: phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
        for region in regions
    }


def _is_written_as(candidate: str, prefix: str | None) -> bool:
    """Whether a number is formatted as is usual in its country: validation alone accepts dates.

    That is the trunk prefix where there is one, the groups of 3, 3 and 4 digits in North America,
    and nine digits or more elsewhere.
    """
    digits = _compact(candidate)
    if prefix == _NORTH_AMERICAN_PREFIX:
        return _NORTH_AMERICAN.fullmatch(candidate) is not None
    if prefix:
        return len(digits) in _DIGITS and digits.startswith(prefix)
    return _FEWEST_WITHOUT_PREFIX <= len(digits) < _DIGITS.stop


def _international(cluster: str) -> list[str]:
    """Return the parts that begin with a plus, each up to the next plus."""
    _, *rest = cluster.split("+")
    return [f"+{one[:24]}" for one in rest if _count_digits(one[:24]) in _DIGITS]


def _count_digits(text: str) -> int:
    return sum(map(str.isdecimal, text))


def _compact(text: str) -> str:
    return "".join(filter(str.isdecimal, text))
