"""When to come back, in every spelling that vendors use."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.providers.errors.rate_limit_headers import headroom, retry_after, seconds_until

NOW = 1_790_000_000.0
"""2026-09-21T14:13:20Z"""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "20", "retry-after-ms": "19876.5"}, 19.8765),
        ({"retry-after": "1", "retry-after-ms": "0"}, 1.0),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:50 GMT"}, 30.0),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:10 GMT"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "0s"}, None),
        (
            {
                "retry-after": "Wed, 19 Aug 2026 14:34:32 GMT",
                "date": "Wed, 19 Aug 2026 14:34:22 GMT",
            },
            10.0,
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        (
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"},
            62.5,
        ),
        (
            {"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "1m2.5s"},
            None,
        ),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "6s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "9s",
            },
            9.0,
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1790000060000"}, 60.0),
    ],
)
def test_wait_is_read_in_every_spelling(headers: Mapping[str, str], seconds: float | None) -> None:
    """A provider that says when to come back is to be believed."""
    assert retry_after(headers, now=NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("250ms", 0.25),
        ("1m2.5s", 62.5),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("1d", 86_400.0),
        ("17.399999999s", 17.399999999),
        ("120µs", 0.00012),
        ("9", 9.0),
        ("1790000030", 30.0),
        ("1790000030000", 30.0),
        ("2026-09-21T14:13:50Z", 30.0),
        ("2026-09-21T16:13:50+02:00", 30.0),
        ("2026-09-21T14:13:00Z", 0.0),
        ("2026-09-21T14:13:50", None),
        ("1.2.3s", None),
        ("s", None),
        ("", None),
        ("never", None),
    ],
)
def test_reset_is_read_in_every_form(value: str, seconds: float | None) -> None:
    """Go durations, seconds, instants: each vendor has its own."""
    assert seconds_until(value, now=NOW) == (None if seconds is None else pytest.approx(seconds))


@given(value=st.text(max_size=40))
def test_no_value_breaks_the_reading(value: str) -> None:
    """Headers are a stranger's text."""
    for seconds in (
        seconds_until(value, now=NOW),
        retry_after({"retry-after": value, "date": value}, now=NOW),
    ):
        assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        (
            {
                "x-ratelimit-limit-requests": "5000",
                "x-ratelimit-remaining-requests": "4999",
                "x-ratelimit-reset-requests": "12ms",
                "x-ratelimit-limit-tokens": "4000000",
                "x-ratelimit-remaining-tokens": "3999987",
                "x-ratelimit-reset-tokens": "0s",
            },
            RateLimitHeadroom(
                remaining_requests=4999,
                limit_requests=5000,
                requests_reset=0.012,
                remaining_tokens=3999987,
                limit_tokens=4000000,
                tokens_reset=0.0,
            ),
        ),
        (
            {
                "x-ratelimit-limit-req-minute": "360",
                "x-ratelimit-remaining-req-minute": "359",
                "x-ratelimit-limit-tokens-minute": "2000000",
                "x-ratelimit-remaining-tokens-minute": "1999000",
                "x-ratelimit-remaining-tokens-month": "9999999370",
            },
            RateLimitHeadroom(
                remaining_requests=359,
                limit_requests=360,
                remaining_tokens=1999000,
                limit_tokens=2000000,
            ),
        ),
        (
            {
                "ratelimitbysize-limit": "500000",
                "ratelimitbysize-remaining": "467979",
                "ratelimitbysize-reset": "19",
            },
            RateLimitHeadroom(remaining_tokens=467979, limit_tokens=500000, tokens_reset=19.0),
        ),
        (
            {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "2"},
            RateLimitHeadroom(remaining_requests=9, limit_requests=10, requests_reset=2.0),
        ),
        ({"x-ratelimit-remaining-requests": "many"}, RateLimitHeadroom()),
        ({"x-ratelimit-remaining-requests": "9" * 5000}, RateLimitHeadroom()),
        ({"content-type": "application/json"}, None),
    ],
    ids=["openai", "mistral", "mistral by size", "together", "nonsense", "endless", "nothing"],
)
def test_headroom_is_read_from_every_family(
    headers: Mapping[str, str], left: RateLimitHeadroom | None
) -> None:
    """Traffic moves before it is refused only if the headers are understood."""
    assert headroom(headers, now=NOW) == left


@given(number=st.from_regex(r"[0-9.]{1,24}", fullmatch=True), unit=st.sampled_from(["s", "ms"]))
def test_short_form_means_what_the_long_one_means(number: str, unit: str) -> None:
    """Seconds alone, and seconds after no hours."""
    found = seconds_until(f"{number}{unit}", now=0.0)

    assert found == seconds_until(f"0h{number}{unit}", now=0.0)
