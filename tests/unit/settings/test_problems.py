"""Problems take one line each, and never show a secret."""

import pytest

from routersvc.settings.problems import (
    SettingsError,
    SettingsProblem,
    did_you_mean,
    key_text,
    listing,
    looks_secret,
    shown,
)


def problem(
    line: int | None, key: str, *, column: int | None = 1, message: str = "is wrong"
) -> SettingsProblem:
    """Return a problem in `f`."""
    return SettingsProblem(file="f", line=line, column=column, key_path=key, message=message)


def test_problems_are_told_once_in_the_order_of_the_file() -> None:
    """An anchor's mistake shows wherever it is used."""
    error = SettingsError(
        [problem(9, "b"), problem(2, "a"), problem(9, "b"), problem(None, "", column=None)]
    )

    assert str(error) == "f: is wrong\nf:2:1: a: is wrong\nf:9:1: b: is wrong"
    assert len(error.problems) == 3


def test_key_paths_are_told_as_they_are_written() -> None:
    """Names with dots are quoted, so that no path can mean two places."""
    assert key_text(("policies", "fast", "deployments", 2)) == "policies.fast.deployments[2]"
    assert key_text(("models", "gpt-4.1", "prices")) == 'models."gpt-4.1".prices'
    assert key_text(()) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "`true`"),
        (3, "`3`"),
        (2.5, "`2.5`"),
        ("fast", "`fast`"),
        ("a\nb\x1b[31m", "`a\\nb\\x1b[31m`"),
        ("a b " * 25, "`" + "a b " * 15 + "…`"),
        ("sk-proj-abcdefgh", "text of 16 characters (not shown, may be a secret)"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
    ],
)
def test_values_are_told_in_one_line(value: object, text: str) -> None:
    """A value may hold line breaks or what a terminal obeys."""
    assert shown(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abcdefgh",
        "sk-ant-api03-abc",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA-abcdefghi",
        "gsk_abcdefghijkl",
        "eyJhbGciOiJIUzI1NiJ9.e30.abc",
        "Bearer abc",
        "basic dXNlcjpwYXNz",
        "https://host/?key=0123456789abcdef0",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "123e4567-e89b-12d3-a456-426614174000",
        "key: sk-abcdefghijk",
    ],
)
def test_what_may_be_a_secret_is_recognised(text: str) -> None:
    """By how vendors begin their keys, and by words that look random."""
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "claude-3-5-sonnet-20241022",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "min_recv_ping_interval_without_data",
        "https://api.openai.com/v1",
        "eu-central-1",
        "ALPHA_API_KEY",
        "sk-eu",
        "1m30s",
    ],
)
def test_ordinary_names_are_reported(text: str) -> None:
    """A message without the name is of little help."""
    assert not looks_secret(text)


def test_near_names_are_offered() -> None:
    """Whatever the case; nothing is offered for what is far off or may be a secret."""
    assert did_you_mean("hedgign", ["hedging", "retries"]) == "; did you mean `hedging`?"
    assert did_you_mean("OPENAI_CHAT", ["openai_chat"]) == "; did you mean `openai_chat`?"
    assert did_you_mean("zzz", ["hedging"]) == ""
    assert did_you_mean("sk-proj-abcdefgh", ["sk-proj"]) == ""


def test_long_listings_are_cut() -> None:
    """Five hundred deployments are no help."""
    names = [f"d{n}" for n in range(500)]

    assert listing(names).endswith("`d29` and 470 more")
    assert listing([]) == "none"
