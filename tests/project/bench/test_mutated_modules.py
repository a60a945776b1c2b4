"""The mutation tests reach every module of the reliability layer."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src/routersvc"
PATTERNS: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"][
    "only_mutate"
]
RELIABILITY = ("domain/fleet", "domain/measures", "domain/racing", "engine")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_names_modules_that_exist(pattern: str) -> None:
    """A module that was renamed would no longer be mutated, unseen."""
    assert list(ROOT.glob(pattern))


@pytest.mark.parametrize("folder", RELIABILITY)
def test_every_module_of_the_reliability_layer_is_mutated(folder: str) -> None:
    """A new rule needs a test that fails without it."""
    modules = set((PACKAGE / folder).rglob("*.py"))
    mutated = {module for pattern in PATTERNS for module in ROOT.glob(pattern)}

    assert modules - mutated == set()
