"""Usage of requests that took several calls of a model."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.formats.anthropic_messages.usage import merged, read_usage

OWN = {"type": "message", "input_tokens": 100, "output_tokens": 10}
SUMMARY = {
    "type": "compaction",
    "input_tokens": 80_000,
    "cache_read_input_tokens": 100_000,
    "output_tokens": 3_500,
}


def test_all_calls_are_billed() -> None:
    """The counts above the list leave the summary of the conversation out."""
    counted = read_usage({"input_tokens": 100, "output_tokens": 10, "iterations": [SUMMARY, OWN]})

    assert counted is not None
    assert counted.usage == Usage(
        input_tokens=180_100, output_tokens=3_510, cached_input_tokens=100_000
    )


def test_list_that_tells_less_is_no_sum() -> None:
    """Nothing that the vendor counted is taken away."""
    usage = {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 50}

    for iterations in (None, [], [OWN], ["compaction"]):
        counted = read_usage({**usage, "iterations": iterations})
        assert counted is not None
        assert counted.usage == Usage(input_tokens=150, output_tokens=10, cached_input_tokens=50)


def test_details_above_the_list_are_kept() -> None:
    """The list does not tell them."""
    counted = read_usage(
        {
            "input_tokens": 100,
            "output_tokens": 10,
            "output_tokens_details": {"thinking_tokens": 7},
            "iterations": [OWN],
        }
    )

    assert counted is not None
    assert counted.usage == Usage(input_tokens=100, output_tokens=10, reasoning_tokens=7)


def test_unreadable_iterations_are_doubtful() -> None:
    """What stands above them is read."""
    counted = read_usage({"input_tokens": 100, "output_tokens": 10, "iterations": "many"})

    assert counted is not None
    assert counted.usage == Usage(input_tokens=100, output_tokens=10, estimated=True)


def test_count_that_can_be_read_is_kept() -> None:
    """The end of a stream may tell less than its beginning."""
    earlier = {"input_tokens": 12, "output_tokens": 1}

    later = merged(
        earlier, {"input_tokens": -1, "output_tokens": 3, "cache_read_input_tokens": None}
    )

    assert later == {"input_tokens": 12, "output_tokens": 3}


@pytest.mark.parametrize(
    ("lifetimes", "for_an_hour"),
    [
        ({"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40}, 40),
        ({"ephemeral_1h_input_tokens": 100}, 100),
        ({"ephemeral_1h_input_tokens": 900}, 100),
        ({"ephemeral_1h_input_tokens": None}, 0),
        ({}, 0),
        (None, 0),
        ([], 0),
    ],
)
def test_writes_for_an_hour_are_part_of_all_writes(lifetimes: object, for_an_hour: int) -> None:
    """They cost more; what the vendor leaves out or has wrong is bounded by the sum."""
    counted = read_usage(
        {
            "input_tokens": 1,
            "output_tokens": 2,
            "cache_creation_input_tokens": 100,
            "cache_creation": lifetimes,
        }
    )

    assert counted is not None
    assert counted.usage.cache_write_tokens == 100
    assert counted.usage.cache_write_hour_tokens == for_an_hour
