"""The joined tables hold the error facts of every vendor."""

from __future__ import annotations

from itertools import combinations

import pytest

from routersvc.app.wire_formats import adapter, known_wire_formats
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.errors import tables
from routersvc.providers.errors.vendor_errors import Codes

DIALECTS = [
    adapter(wire_format, dialect).dialect
    for wire_format, known in known_wire_formats().items()
    for dialect in known.dialects
]


def test_facts_of_every_dialect_are_joined() -> None:
    """A format that is missing from the join would lose its error facts silently."""
    assert all(dialect.errors in tables.VENDORS for dialect in DIALECTS)


def test_no_fact_of_a_vendor_is_lost() -> None:
    """A class without a place in the order of classification would be dropped."""
    patterns = {failure_class: phrases.pattern for failure_class, _, phrases in tables.PHRASES}

    for vendor in tables.VENDORS:
        for stated, joined in (
            (vendor.codes, tables.SPECIFIC_CODES),
            (vendor.broad_codes, tables.BROAD_CODES),
        ):
            for failure_class, codes in stated.items():
                # Numbers are asked of their own vendor only.
                words = {code for code in codes if not code.isdigit()}
                assert words <= joined.get(failure_class, frozenset())
        for failure_class, phrases in vendor.phrases.items():
            assert all(phrase in patterns[failure_class] for phrase in phrases)
        assert vendor.statuses.items() <= tables.STATUSES.items()
        assert set(vendor.remaining_requests) <= set(tables.REMAINING_REQUESTS)
        assert set(vendor.remaining_tokens) <= set(tables.REMAINING_TOKENS)


@pytest.mark.parametrize("codes", [tables.SPECIFIC_CODES, tables.BROAD_CODES])
def test_no_code_has_two_meanings(codes: Codes) -> None:
    """The order of the classes would decide instead of the vendor."""
    for (_, some), (_, others) in combinations(codes.items(), 2):
        assert not some & others


def test_phrases_match_no_empty_text() -> None:
    """An empty alternative would classify every error."""
    assert not [failure_class for failure_class, _, it in tables.PHRASES if it.search("")]


def test_codes_and_phrases_are_compared_in_lower_case() -> None:
    """The words of an error are lowered before they are compared."""
    words = {
        code
        for table in (tables.SPECIFIC_CODES, tables.BROAD_CODES)
        for codes in table.values()
        for code in codes
    }

    assert words == {word.lower() for word in words}
    assert FailureClass.SERVER_ERROR in tables.STATUSES.values()
