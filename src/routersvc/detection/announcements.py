"""Finds words that announce a number: of an id, a passport, a medical record.

Each word is searched separately, which is far faster than one pattern for all, because hardly any
occurs.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator

from routersvc.detection.found import Found
from routersvc.domain.profiling.identifiers import IdentifierKind

_ID_WORDS = (
    "ssn",
    "social security",
    "national id",
    "identity",
    "identification",
    "id number",
    "id no",
    "id card",
    "tax id",
    "tin",
    "sin",
    "steuer",
    "idnr",
    "bsn",
    "burgerservice",
    "nif",
    "contribuinte",
    "cpf",
    "pesel",
    "personnummer",
    "cpr",
    "insee",
    "sécurité sociale",
    "aadhaar",
    "kimlik",
    "rodné",
    "cnp",
    "nhs",
    "patient",
    "身份证",
    "身份證",
    "주민등록",
    "आधार",
    "الهوية",
    "инн",
    "снилс",
)
_REACH = 48
"""Characters after such a word in which a number is announced by it."""

_ANNOUNCED = {
    IdentifierKind.PASSPORT: (
        "passport",
        "reisepass",
        "passeport",
        "pasaporte",
        "passaport",
        "paspoort",
        "paszport",
        "pasaport",
        "паспорт",
        "جواز السفر",
        "护照",
        "パスポート",
        "旅券",
        "여권",
    ),
    IdentifierKind.MEDICAL_RECORD: (
        "mrn",
        "medical record",
        "patient id",
        "patient no",
        "patient number",
        "patientennummer",
        "patienten-id",
        "krankenversichertennummer",
        "numéro de patient",
        "dossier médical",
        "historia clínica",
        "prontuário",
        "cartella clinica",
        "patiëntnummer",
        "病历号",
        "診察券番号",
    ),
}
_NUMBER = re.compile(
    r"(?:o|e)?[ \t]{0,3}"
    r"(?:(?:no|nr|number|num|nummer|numéro|número|numero|id|番号|号码|号)\b\.?|[#№])?"
    r"[ \t]{0,3}(?:(?:is|ist|est|es)\b)?[ \t]{0,3}[:=#№]?[ \t\n]{0,3}"
    r"([a-z]{0,3}-?[0-9][a-z0-9-]{4,14})(?![a-z0-9])"
)
_FEWEST_DIGITS = 5


class IdWords:
    """The positions of words for ids in a text."""

    def __init__(self, lowered: str) -> None:
        self._ends = sorted(
            end for word in _ID_WORDS if word in lowered for end in _ends_of(word, lowered)
        )

    def announce(self, place: int) -> bool:
        """Whether such a word occurs closely before `place`."""
        before = bisect.bisect_right(self._ends, place)
        return before > 0 and place - self._ends[before - 1] <= _REACH


def find_announced(lowered: str, found: Found) -> None:
    """Find passports and medical records in a text in lower case."""
    for kind, words in _ANNOUNCED.items():
        for word in words:
            if word in lowered:
                for end in _ends_of(word, lowered):
                    match = _NUMBER.match(lowered, end)
                    if match is not None and _count_digits(match[1]) >= _FEWEST_DIGITS:
                        found.add(kind, match[1])


def _ends_of(word: str, lowered: str) -> Iterator[int]:
    """Yield the ends of a word where it is not part of a longer one."""
    place = lowered.find(word)
    while place >= 0:
        end = place + len(word)
        if not lowered[max(0, place - 1) : place].isalpha():
            yield end
        place = lowered.find(word, end)


def _count_digits(text: str) -> int:
    return sum(map(str.isdecimal, text))
