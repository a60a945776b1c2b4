"""Limits of requests are positive."""

from __future__ import annotations

import dataclasses

import pytest

from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS, RequestLimits


@pytest.mark.parametrize(
    "name",
    [
        field.name
        for field in dataclasses.fields(RequestLimits)
        if field.name != "private_addresses"
    ],
)
def test_limit_of_nothing_is_refused(name: str) -> None:
    """A router that reads no request is a mistake."""
    with pytest.raises(ValueError, match=f"`{name}` is at least 1"):
        dataclasses.replace(DEFAULT_LIMITS, **{name: 0})  # type: ignore[arg-type] # one of the numbers
