"""The documents as pages of a site: links between pages stay, others become paths."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from scripts.documentation_links import linked


@pytest.mark.parametrize(
    ("folder", "text", "expected"),
    [
        ("docs", "[here](limits.md#size)", "[here](limits.md#size)"),
        ("docs", "[here](#below)", "[here](#below)"),
        ("docs", "[there](https://example.org/a.md)", "[there](https://example.org/a.md)"),
        ("docs", "[code](../src/routersvc)", "`src/routersvc`"),
        ("docs", "[start](../README.md#tour)", "[start](index.md#tour)"),
        ("docs", "[again](../docs/limits.md)", "[again](limits.md)"),
        ("docs/decisions", "[up](../limits.md)", "[up](../limits.md)"),
        ("docs/decisions", "[start](../../README.md)", "[start](../index.md)"),
        ("docs/decisions", "[`a`](../../bench/a.md)", "`a`"),
        ("", "[limits](docs/limits.md#size)", "[limits](limits.md#size)"),
        ("", "[deploy](deploy)", "`deploy`"),
    ],
)
def test_links_are_those_of_the_site(folder: str, text: str, expected: str) -> None:
    """MkDocs itself then checks those that stay."""
    assert linked(text, PurePosixPath(folder)) == expected
