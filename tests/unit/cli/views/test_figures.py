"""Numbers are written as people read them."""

import pytest

from routersvc.cli.views.figures import count_text, money_text, share_text, time_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0.0 ms"),
        (0.00423, "4.2 ms"),
        (0.0123, "12 ms"),
        (0.4121, "412 ms"),
        (0.9996, "1 s"),
        (1.2345, "1.23 s"),
        (59.94, "59.9 s"),
        (60.0, "1 min"),
        (100.0, "1 min 40 s"),
        (600.0, "10 min"),
    ],
)
def test_times_have_three_digits(seconds: float | None, text: str) -> None:
    """More digits than were measured would only look exact."""
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0, "$0"),
        (0.00000314, "$3.1e-06"),
        (0.000312, "$0.00031"),
        (0.0456, "$0.046"),
        (1.2, "$1.20"),
        (1234.5, "$1234.50"),
    ],
)
def test_small_amounts_keep_their_digits(usd: float, text: str) -> None:
    """A call costs fractions of a cent; `$0.00` would say nothing."""
    assert money_text(usd) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.333, "33.3 %"), (0.00001, "0.1 %"), (0.99999, "99.9 %")],
)
def test_almost_all_is_not_all(share: float, text: str) -> None:
    """One failure in ten thousand must not be rounded away."""
    assert share_text(share) == text


def test_one_is_no_plural() -> None:
    """Words agree with their counts."""
    texts = [count_text(1, "attempt"), count_text(2, "attempt"), count_text(2000, "try", "tries")]

    assert texts == ["1 attempt", "2 attempts", "2,000 tries"]
