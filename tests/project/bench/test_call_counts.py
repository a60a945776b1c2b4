"""Counts that went up or down are noticed, and a new scenario has to be recorded."""

from __future__ import annotations

import pytest
from bench.call_counts import Counts, differs

RECORDED = Counts(python=400.0, c=200.0)


@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        (RECORDED, RECORDED, False),
        (Counts(python=420.0, c=190.0), RECORDED, False),
        (Counts(python=420.1, c=200.0), RECORDED, True),
        (Counts(python=379.9, c=200.0), RECORDED, True),
        (Counts(python=400.0, c=211.0), RECORDED, True),
        (RECORDED, None, True),
    ],
)
def test_counts_are_held_against_the_record(
    found: Counts, known: Counts | None, *, expected: bool
) -> None:
    """Five per cent either way: work that is saved is written down as well."""
    assert differs(found, known) is expected
