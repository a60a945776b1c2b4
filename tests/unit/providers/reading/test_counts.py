"""What is a count, and what becomes of usage that lacks one."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.providers.reading.counts import MOST_TOKENS, Counts, count_in, usage_counted


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (12, 12),
        (0, 0),
        (12.0, 12),
        (12.6, 12),
        ("12", 12),
        ("12.0", 12),
        ("1e3", 1000),
        (MOST_TOKENS, MOST_TOKENS),
    ],
)
def test_whole_numbers_are_read_however_they_are_written(written: object, read: int) -> None:
    """Vendors write floats, and JSON of protocol buffers writes text."""
    count = count_in(written)

    assert count == read
    assert type(count) is int


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        -1,
        -0.5,
        MOST_TOKENS + 1,
        1e20,
        float("nan"),
        float("inf"),
        "N/A",
        "",
        "nan",
        "9" * 400,
        [],
        {"a": 1},
    ],
)
def test_anything_else_is_unknown(written: object) -> None:
    """A guess would be booked as if the vendor had said it."""
    assert count_in(written) is None


def test_first_name_that_tells_something_counts() -> None:
    """Vendors write zeros under names of other vendors."""
    counts = Counts({"cached": 0, "hits": 7})

    assert counts.count("hit", "cached", "hits") == 7
    assert not counts.is_doubtful


def test_unreadable_details_are_doubtful_and_cost_nothing() -> None:
    """What belongs to the sums can be wrong without making them wrong."""
    counts = Counts({"details": "none", "other": {"cached": -4}})

    assert counts.detail("details", "cached") == 0
    assert counts.is_doubtful
    assert counts.detail("other", "cached") == 0


def test_parts_stay_within_what_they_belong_to() -> None:
    """Nobody is billed for more cached tokens than tokens."""
    counted = usage_counted(
        Counts({}),
        inputs=10,
        outputs=4,
        cached=8,
        written=8,
        reasoning=9,
        input_audio=11,
        output_audio=5,
    )

    assert counted == UsageCounted(
        usage=Usage(
            input_tokens=10,
            output_tokens=4,
            cached_input_tokens=8,
            cache_write_tokens=2,
            reasoning_tokens=4,
            input_audio_tokens=10,
            output_audio_tokens=4,
        )
    )


def test_missing_count_is_the_rest_of_the_total() -> None:
    """The vendor has told it in other words."""
    assert usage_counted(Counts({}), inputs=None, outputs=4, total=10) == UsageCounted(
        usage=Usage(input_tokens=6, output_tokens=4)
    )


def test_missing_count_without_a_total_is_marked() -> None:
    """Who knows the prompt can estimate it."""
    assert usage_counted(Counts({}), inputs=None, outputs=4) == UsageCounted(
        usage=Usage(output_tokens=4, estimated=True), knows_input=False
    )


def test_nothing_counted_is_no_usage() -> None:
    """All of it is estimated."""
    assert usage_counted(Counts({}), inputs=None, outputs=None, total=10) is None
