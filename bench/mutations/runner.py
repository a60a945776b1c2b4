"""Runs the tests that reach a mutant, the fastest first."""

from __future__ import annotations

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001 - mutmut has no public way to order tests, nor one to collect what they reach
from collections.abc import Iterable

import pytest
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd


class _Reach:
    """Records which functions each test reaches, and how long it takes."""

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "call":
            state().duration_by_test[item.nodeid] = call.duration
        if call.when == "teardown":
            for function in state()._stats:
                state().tests_by_mangled_function_name[function].add(item.nodeid)
            state()._stats.clear()


def install() -> None:
    """Make mutmut run the fastest tests first, with the pytest of this project."""
    PytestRunner.run_stats = _run_stats  # type: ignore[method-assign]
    ordered = PytestRunner._pytest_args_regular_run

    def arguments(self: PytestRunner, tests: Iterable[str]) -> list[str]:
        durations = state().duration_by_test
        return ordered(self, sorted(tests, key=lambda test: (durations.get(test, 0.0), test)))

    PytestRunner._pytest_args_regular_run = arguments  # type: ignore[method-assign]


def _run_stats(self: PytestRunner, *, tests: Iterable[str]) -> int:
    with change_cwd("mutants"):
        return int(self.execute_pytest(self._pytest_args_regular_run(tests), plugins=[_Reach()]))
