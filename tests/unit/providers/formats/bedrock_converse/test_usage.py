"""Token usage of Converse: how long the cache keeps what was written."""

from __future__ import annotations

import pytest

from routersvc.providers.formats.bedrock_converse.usage import read_usage


@pytest.mark.parametrize(
    ("details", "for_an_hour"),
    [
        ([{"inputTokens": 60, "ttl": "5m"}, {"inputTokens": 40, "ttl": "1h"}], 40),
        ([{"inputTokens": 70, "ttl": "1h"}, {"inputTokens": 70, "ttl": "1h"}], 100),
        ([{"ttl": "1h"}, "1h", None], 0),
        ({}, 0),
        (None, 0),
    ],
)
def test_writes_for_an_hour_are_part_of_all_writes(details: object, for_an_hour: int) -> None:
    """They cost more; what the vendor leaves out or has wrong is bounded by the sum."""
    counted = read_usage(
        {
            "inputTokens": 1,
            "outputTokens": 2,
            "cacheWriteInputTokens": 100,
            "cacheDetails": details,
        }
    )

    assert counted is not None
    assert counted.usage.cache_write_tokens == 100
    assert counted.usage.cache_write_hour_tokens == for_an_hour
