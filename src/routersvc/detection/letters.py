"""Finds identifiers that mix letters and digits: IBANs, and ids of some countries."""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum import iban
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.in_ import pan
from stdnum.it import codicefiscale
from stdnum.mx import curp

from routersvc.detection.found import Found
from routersvc.domain.profiling.identifiers import IdentifierKind

_START = re.compile("[A-Z](?<![A-Za-z0-9].)(?=[A-Z0-9]{0,5}-?[0-9])")
"""Possible start of one: a capital closely followed by a digit. Rare in prose."""

_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        "([A-Z]{2})([0-9]{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 "
        "EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 "
        "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 "
        "NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 "
        "TN24 TR26 UA29 VA22 VG24 XK20",
    )
}
"""Characters of an IBAN by country, from SWIFT's registry."""

_IBAN = re.compile("[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3}(?![A-Za-z0-9]))?")
_IDS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        re.compile("[A-Z]{6}[0-9]{2}[A-EHLMPR-T][0-9]{2}[A-Z][0-9]{3}[A-Z](?![A-Za-z0-9])"),
        codicefiscale.is_valid,
    ),
    (re.compile("[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9](?![A-Za-z0-9])"), curp.is_valid),
    (re.compile("[XYZ]-?[0-9]{7}-?[A-Z](?![A-Za-z0-9])"), nie.is_valid),
    (re.compile("[A-Z]{3}[PCHABGJLFT][A-Z][0-9]{4}[A-Z](?![A-Za-z0-9])"), pan.is_valid),
)
_AFTER_DIGITS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile("[0-9]{8}-?[A-Z](?![A-Za-z0-9])"), dni.is_valid),
    (re.compile("[0-9]{17}X(?![A-Za-z0-9])"), ric.is_valid),
    (re.compile("[0-9]{6}[-+A][0-9]{3}[0-9A-FHJ-NPR-Y](?![A-Za-z0-9])"), hetu.is_valid),
)


def find_letter_ids(text: str, found: Found) -> None:
    """Find IBANs, compact or in groups of four, and ids that begin with a letter."""
    for match in _START.finditer(text):
        if found.is_complete:
            return
        start = match.start()
        if start and text[start - 1].isalnum():
            continue
        found.look_at(1)
        number = _IBAN.match(text, start)
        if number is not None and _take_iban(number[0], found):
            continue
        _take_id(_IDS, text, start, found)


def find_digit_ids(text: str, start: int, found: Found) -> bool:
    """Find an id with letters that begins with digits at `start`; return whether there is one."""
    return _take_id(_AFTER_DIGITS, text, start, found)


def _take_iban(written: str, found: Found) -> bool:
    """Count an IBAN; the text after it may look like its last groups."""
    if not found.wants(IdentifierKind.IBAN):
        return False
    length = _LENGTHS.get(written[:2])
    if length is None:
        return False
    compact = written.replace(" ", "")[:length]
    if not found.validate(iban.is_valid, compact):
        return False
    found.add(IdentifierKind.IBAN, compact)
    return True


def _take_id(
    formats: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...],
    text: str,
    start: int,
    found: Found,
) -> bool:
    if not found.wants(IdentifierKind.NATIONAL_ID):
        return False
    for pattern, is_valid in formats:
        match = pattern.match(text, start)
        if match is not None and found.validate(is_valid, match[0]):
            found.add(IdentifierKind.NATIONAL_ID, match[0].replace("-", ""))
            return True
    return False
