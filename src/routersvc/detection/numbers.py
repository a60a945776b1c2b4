"""Finds payment cards and national ids that are written in digits.

A number counts if its check digits are valid and a random number would hardly pass: a format that
fewer than one random number in two hundred passes counts by itself, any other only in its usual
groups or after a word that announces it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from stdnum import luhn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.kr import rrn
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import ssn
from stdnum.za import idnr as za_idnr

from routersvc.detection.found import Found
from routersvc.domain.profiling.identifiers import IdentifierKind


def _may_be_belgian(digits: str) -> bool:
    """Whether the last two digits are check digits modulo 97, for births before or since 2000."""
    rest, check = int(digits[:9]), int(digits[9:])
    return check in {97 - rest % 97, 97 - (2_000_000_000 + rest) % 97}


def _may_be_dated(digits: str) -> bool:
    """Whether it begins with day and month, each perhaps raised by 40."""
    return 1 <= int(digits[:2]) % 40 <= 31 and 1 <= int(digits[2:4]) % 40 <= 12  # noqa: PLR2004


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Format:
    """The format of a national id with a fixed number of digits.

    `shape` is its usual notation, with `0` for a digit; `alone`: the digits count without it.
    `may_be` is a cheap test that rejects most other numbers.
    """

    digits: int
    is_valid: Callable[[str], bool]
    shape: str = ""
    alone: bool = False
    may_be: Callable[[str], bool] = bool
    kind: IdentifierKind = IdentifierKind.NATIONAL_ID


_FORMATS = (
    _Format(digits=9, is_valid=ssn.is_valid, shape="000-00-0000"),
    _Format(digits=9, is_valid=sin.is_valid, shape="000-000-000"),
    _Format(digits=9, is_valid=sin.is_valid, shape="000 000 000"),
    _Format(digits=9, is_valid=bsn.is_valid),
    _Format(digits=9, is_valid=nif.is_valid),
    _Format(
        digits=10,
        is_valid=nhs.is_valid,
        shape="000 000 0000",
        kind=IdentifierKind.MEDICAL_RECORD,
    ),
    _Format(digits=10, is_valid=personnummer.is_valid, shape="000000-0000"),
    _Format(digits=10, is_valid=cpr.is_valid),
    _Format(digits=10, is_valid=rc.is_valid, shape="000000/0000"),
    _Format(digits=11, is_valid=pesel.is_valid),
    _Format(digits=11, is_valid=idnr.is_valid, shape="00 000 000 000"),
    _Format(digits=11, is_valid=tckimlik.is_valid),
    _Format(digits=11, is_valid=cpf.is_valid, shape="000.000.000-00"),
    _Format(
        digits=11, is_valid=nn.is_valid, shape="00.00.00-000.00", alone=True, may_be=_may_be_belgian
    ),
    _Format(
        digits=11,
        is_valid=fodselsnummer.is_valid,
        shape="000000 00000",
        alone=True,
        may_be=_may_be_dated,
    ),
    _Format(digits=12, is_valid=aadhaar.is_valid, shape="0000 0000 0000"),
    _Format(digits=13, is_valid=ahv.is_valid, shape="000.0000.0000.00", alone=True),
    _Format(digits=13, is_valid=rrn.is_valid, shape="000000-0000000"),
    _Format(digits=13, is_valid=cnp.is_valid),
    _Format(digits=13, is_valid=za_idnr.is_valid),
    _Format(digits=15, is_valid=nir.is_valid, shape="0 00 00 00 000 000 00", alone=True),
    _Format(digits=18, is_valid=ric.is_valid, alone=True),
)

_CARD_SHAPES = ("0000 0000 0000 0000", "0000-0000-0000-0000", "0000 000000 00000")
_CARD_PREFIX = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3(?:0[0-5]|6|8)|6(?:011|5|4[4-9]|2|7)")
_AMERICAN_EXPRESS = 15
_DINERS = 14
_ORDINARY_CARD = 16
_FEWEST_DIFFERENT = 4
"""Least distinct digits of a real number: `0000 0000` and the like pass every check."""

_RUN = re.compile("[0-9]+")
_SHORTEST_RUN = min(known.digits for known in _FORMATS)
_LONGEST_RUN = 18


def _alone_by_digits() -> dict[int, tuple[_Format, ...]]:
    by_digits: dict[int, tuple[_Format, ...]] = {}
    for known in _FORMATS:
        by_digits[known.digits] = (*by_digits.get(known.digits, ()), known)
    return by_digits


def _shapes_by_start() -> dict[tuple[int, str, int], tuple[str, ...]]:
    """Return the shapes by their first two groups, so that most numbers are rejected at once."""
    by_start: dict[tuple[int, str, int], tuple[str, ...]] = {}
    for shape in sorted({*_CARD_SHAPES, *(known.shape for known in _FORMATS if known.shape)}):
        first, separator, second = re.split("([^0])", shape, maxsplit=2)[:3]
        start = (len(first), separator, len(second))
        by_start[start] = (*by_start.get(start, ()), shape)
    return by_start


_BY_DIGITS = _alone_by_digits()
_BY_SHAPE = {known.shape: known for known in _FORMATS if known.shape}
_BY_START = _shapes_by_start()
_AS_ZEROS = str.maketrans("123456789", "000000000")


def find_numbers(cluster: str, found: Found, *, announced: bool) -> bool:
    """Find cards and ids in a run of digits and separators; return whether there were any.

    `announced`: words before the run announce ids.
    """
    spans = [run.span() for run in _RUN.finditer(cluster)]
    hit = False
    last = len(spans) - 1
    for place, (start, end) in enumerate(spans):
        length = end - start
        if length > _LONGEST_RUN:
            continue
        if length >= _SHORTEST_RUN:
            found.look_at(1)
            hit |= _look_at_run(cluster[start:end], found, announced=announced)
        if place < last:
            next_start, next_end = spans[place + 1]
            shapes = _BY_START.get((length, cluster[end:next_start], next_end - next_start))
            if shapes is not None:
                found.look_at(1)
                for shape in shapes:
                    hit |= _look_at_shape(cluster, start, shape, found)
    return hit


def _look_at_run(digits: str, found: Found, *, announced: bool) -> bool:
    hit = False
    if _DINERS <= len(digits) <= _ORDINARY_CARD and _is_card(digits, found):
        found.add(IdentifierKind.PAYMENT_CARD, digits)
        hit = True
    for known in _BY_DIGITS.get(len(digits), ()):
        is_wanted = (known.alone or announced) and found.wants(known.kind)
        if is_wanted and known.may_be(digits) and _is_valid(known, digits, found):
            found.add(known.kind, digits)
            hit = True
    return hit


def _look_at_shape(cluster: str, start: int, shape: str, found: Found) -> bool:
    end = start + len(shape)
    written = cluster[start:end]
    if written.translate(_AS_ZEROS) != shape or cluster[end : end + 1].isdecimal():
        return False
    digits = "".join(filter(str.isdecimal, written))
    if shape in _CARD_SHAPES:
        if not _is_card(digits, found):
            return False
        found.add(IdentifierKind.PAYMENT_CARD, digits)
        return True
    known = _BY_SHAPE[shape]
    if not found.wants(known.kind) or not _is_valid(known, written, found):
        return False
    found.add(known.kind, digits)
    return True


def _is_valid(known: _Format, number: str, found: Found) -> bool:
    return len(set(number)) >= _FEWEST_DIFFERENT and found.validate(known.is_valid, number)


def _is_card(digits: str, found: Found) -> bool:
    if not found.wants(IdentifierKind.PAYMENT_CARD):
        return False
    if not _CARD_PREFIX.match(digits) or len(set(digits)) < _FEWEST_DIFFERENT - 2:
        return False
    expected = _ORDINARY_CARD
    if digits[0] == "3":
        expected = _AMERICAN_EXPRESS if digits[1] in "47" else _DINERS
    return len(digits) == expected and found.validate(luhn.is_valid, digits)
