"""A router whose decisions are logged."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.decision_logs import Logged, logged_calls

Log = Callable[..., Logged]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Return what makes calls and logs their decisions in a directory of its own."""
    return functools.partial(logged_calls, tmp_path / "decisions")
