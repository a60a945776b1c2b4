"""Prints the sums of the folders at the end of the run, and writes the list of open cases anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

OPEN_CASES = Path(__file__).with_name("open_cases.yaml")
_SUMS = pytest.StashKey[list[str]]()
_HEAD = """\
# Cases that do not pass yet, by folder, with the reason. Every other case has to pass.
# A listed case that passes is reported: remove it, or write the list anew with
# `pytest tests/reality --write-open-cases`.
"""
OpenCases = dict[str, dict[str, str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the list of open cases anew."""
    parser.addoption("--write-open-cases", action="store_true", help="write open_cases.yaml anew")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no sums."""
    config.stash[_SUMS] = []


@pytest.fixture
def sums(pytestconfig: pytest.Config) -> list[str]:
    """Lines for the end of the run."""
    return pytestconfig.stash[_SUMS]


@pytest.fixture
def open_cases() -> OpenCases:
    """The cases that do not pass yet, with reasons, by folder."""
    return yaml.safe_load(OPEN_CASES.read_text("utf-8")) or {}


def write_open_cases(cases: OpenCases) -> None:
    """Write the list of open cases."""
    text = yaml.safe_dump(cases, sort_keys=True, width=1000, allow_unicode=True)
    OPEN_CASES.write_text(_HEAD + text, "utf-8")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the sums."""
    for line in config.stash[_SUMS]:
        terminalreporter.write_line(line)
