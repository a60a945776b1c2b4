"""Token usage of the Messages format: how long the cache keeps what was written."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.usage import Usage
from routersvc.providers.formats.anthropic_messages.usage import read_usage


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
    usage = read_usage(
        {"input_tokens": 1, "cache_creation_input_tokens": 100, "cache_creation": lifetimes}
    )

    assert usage == Usage(
        input_tokens=101, cache_write_tokens=100, cache_write_hour_tokens=for_an_hour
    )
