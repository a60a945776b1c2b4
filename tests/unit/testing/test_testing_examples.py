"""The examples of the package and of its documentation run as written."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import routersvc.testing

_DOCUMENT = Path(__file__).resolve().parents[3] / "docs/testing.md"
_BLOCKS = re.findall(
    r"^```python\n(.*?)^```", _DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
)


def test_example_of_the_package_prints_what_it_shows() -> None:
    """It is the first thing that a user tries."""
    results = doctest.testmod(routersvc.testing, raise_on_error=True)

    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("block", _BLOCKS)
def test_example_of_the_documentation_passes(block: str) -> None:
    """Each block imports what it needs, and its tests pass."""
    names: dict[str, object] = {"__name__": "example"}

    exec(compile(block, str(_DOCUMENT), "exec"), names)  # noqa: S102 - our own documentation

    tests = [one for name, one in names.items() if name.startswith("test_") and callable(one)]
    for test in tests:
        test()
    assert tests or "pytest_asyncio_loop_factories" in names


def test_documentation_names_every_double() -> None:
    """The page documents every public name."""
    text = _DOCUMENT.read_text("utf-8")
    types_of_records = {"Move", "RecordedAttempt", "Script", "ScriptedStream", "StreamEvent"}

    assert [
        name
        for name in routersvc.testing.__all__
        if f"`{name}`" not in text and name not in types_of_records
    ] == []
