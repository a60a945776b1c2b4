"""Warnings of addresses that are open to the world."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from routersvc.settings.checks.exposure import exposure_warnings
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]

OPEN = "server: {listen: ['0.0.0.0:50051']}\n"
KEY = "tenants: {t: {api_keys: [env:ALPHA_API_KEY]%s}}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("server: {listen: ['127.0.0.1:1', '[::1]:1', 'localhost:1', 'unix:/s']}", []),
        (OPEN, ["everyone who reaches `0.0.0.0:50051` can call:"]),
        ("server: {listen: ['[::]:50051']}", ["everyone who reaches `[::]:50051` can call:"]),
        ("telemetry: {status_page: {listen: 127.0.0.1:9465}}", []),
        ("telemetry: {status_page: {listen: 0.0.0.0:9465}}", ["can read names of tenants"]),
        (OPEN + KEY % "", ["in clear text"]),
        (OPEN + KEY % ", anonymous: true", ["as tenant `t`", "in clear text"]),
    ],
)
def test_open_addresses_are_named(load: Load, minimal: str, text: str, words: list[str]) -> None:
    """Not those of the machine itself, and not those that authenticate and encrypt."""
    warnings = exposure_warnings(load(minimal + text))

    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))
