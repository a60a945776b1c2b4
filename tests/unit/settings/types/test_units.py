"""Lengths of time and sizes as people write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.settings.types.units import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    bytes_of,
    duration_text,
    seconds_of,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("2s", 2.0),
        ("1.5s", 1.5),
        ("1m30s", 90.0),
        ("1h", 3600.0),
        ("1d", 86_400.0),
        ("1h0m1s500ms", 3601.5),
        ("0s", 0.0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """Go and Prometheus have made this way of writing common."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "2 s",
        " 2s",
        "2s\n",
        "-2s",
        "2S",
        "2sec",
        "1s1m",
        "1s2s",
        "s",
        "1.s",
        ".5s",
        "1e3s",
        "٢s",
        "9" * 50 + "s",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A unit that is missing, unknown, repeated or out of order is a slip, not a length of time."""
    with pytest.raises(ValueError, match="not a duration"):
        seconds_of(text)


@given(st.integers(0, 10**10))
def test_durations_survive_writing_and_reading(milliseconds: int) -> None:
    """Messages and the reference write what the file takes."""
    text = duration_text(milliseconds / 1000)

    assert round(seconds_of(text) * 1000) == milliseconds
    assert re.fullmatch(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("512KiB", 524288),
        ("16MiB", 16777216),
        ("1.5GiB", 1610612736),
        ("4kB", 4000),
        ("4MB", 4000000),
        ("1GB", 1000000000),
        ("0.001MB", 1000),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """Powers of 1024 and of 1000 are distinguished, as in IEC 80000-13."""
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "16", "16 MiB", "16mib", "-1B", "1.5B", "0.0001kB", "1KiB1B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """Half a byte is none."""
    with pytest.raises(ValueError, match="not a"):
        bytes_of(text)


@given(st.integers(0, 1 << 40))
def test_sizes_survive_writing_and_reading(size: int) -> None:
    """Messages and the reference write what the file takes."""
    text = size_text(size)

    assert bytes_of(text) == size
    assert re.fullmatch(SIZE_PATTERN, text)
