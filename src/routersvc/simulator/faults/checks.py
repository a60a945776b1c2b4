"""Checks of values that several effects have."""

from __future__ import annotations


def check_after_tokens(after_tokens: int) -> None:
    """Raise `ValueError` if a number of tokens is negative."""
    if after_tokens < 0:
        raise ValueError("`after_tokens` must be at least 0")


def check_not_negative(name: str, value: float) -> None:
    """Raise `ValueError` if the value of a key is negative."""
    if value < 0:
        raise ValueError(f"`{name}` must be at least 0")
