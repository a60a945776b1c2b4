"""Durations on the command line."""

import pytest
import typer

from routersvc.cli.options.call_options import seconds, with_wait_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30", 30.0), ("1.5s", 1.5), ("250ms", 0.25), ("2m", 120.0), ("1h", 3600.0), (5.0, 5.0)],
)
def test_a_length_of_time_has_a_unit_or_is_in_seconds(text: str | float, expected: float) -> None:
    """People write times in many ways; each of these is unmistakable."""
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["complete", "--wait", "Why?"], ["complete", "--wait", "10s", "Why?"]),
        (["complete", "Why?", "--wait"], ["complete", "Why?", "--wait", "10s"]),
        (["health", "--wait", "--json"], ["health", "--wait", "10s", "--json"]),
        (["health", "--wait", "500ms"], ["health", "--wait", "500ms"]),
        (["health", "--wait=2m"], ["health", "--wait=2m"]),
        (["complete", "--", "--wait"], ["complete", "--", "--wait"]),
        ([], []),
    ],
)
def test_the_time_to_wait_may_be_omitted(arguments: list[str], expected: list[str]) -> None:
    """The prompt after `--wait` is not taken for a time."""
    assert with_wait_value(arguments) == expected


@pytest.mark.parametrize("text", ["", "0", "-1", "soon", "1d", "1s2", "nan", "inf", "1_0"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    """A call without a limit would not be what was asked for."""
    with pytest.raises(typer.BadParameter, match="is not a duration"):
        seconds(text)
