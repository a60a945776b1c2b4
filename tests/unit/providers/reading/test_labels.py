"""Names that vendors give are bounded, and stay on one line."""

from __future__ import annotations

import pytest

from routersvc.providers.reading.labels import LONGEST_LABEL, label_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("gpt-5", "gpt-5"),
        (7, "7"),
        (None, ""),
        (True, ""),
        (1.5, ""),
        (10**400, ""),
        (["a"], ""),
        ("m" * 300_000, "m" * LONGEST_LABEL),
        ("a\x1b[2J\nb", "a\ufffd[2J\ufffdb"),
    ],
)
def test_name_is_a_short_line(written: object, name: str) -> None:
    """It goes to logs and terminals."""
    assert label_of(written) == name
