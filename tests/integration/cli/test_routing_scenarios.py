"""The eight scenarios of the document on routing work as written, on the example it names.

Only the ports differ, which others may use here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

import pytest

DOCUMENT = "docs/routing.md"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # starts many processes
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


def served_by(printed: str) -> list[str]:
    """Return who answered, call by call: `coder at alpha, eu-central`."""
    return re.findall(r"^(\w+ at \w+, [\w-]+) (?:\(\S+\) )?· ", printed, re.MULTILINE)


def test_the_scenarios_work_as_written(
    run_block: Callable[[str], tuple[int, str]],
    wait_for: Callable[[str], None],
    blocks_of: Callable[[str, str], list[str]],
) -> None:
    """Each goes where its text says; a refusal is a command that fails, and there are no others."""
    start, code, picture, document, health, no_health, europe, ceiling, budget, session, end = (
        blocks_of(DOCUMENT, "## Eight scenarios")
    )

    assert run_block(start) == (0, "examples/routing.yaml: ok\n")
    wait_for("4010")
    wait_for("4012")
    wait_for("50051")

    failed, printed = run_block(code)
    assert failed == 0, printed
    coder, other = served_by(printed)
    assert coder.startswith("coder at ")
    assert other.startswith("generalist at ")

    failed, printed = run_block(picture)
    assert (failed, served_by(printed)) == (0, ["seer at beta, eu-west"]), printed

    failed, printed = run_block(document)
    assert (failed, served_by(printed)) == (0, ["reader at gamma, us-east"]), printed

    failed, printed = run_block(health)
    assert failed == 0, printed
    assert served_by(printed) == ["generalist at gamma, us-east"] * 2

    failed, printed = run_block(no_health)
    assert failed == 1, printed
    (error,) = re.findall(r"^error: .*$", printed, re.MULTILINE)
    assert "gamma-generalist failed (connect)" in error
    assert "alpha" not in error
    assert "beta" not in error
    assert served_by(printed) == []
    assert re.findall(r"^– +(\S+)", printed, re.MULTILINE) == [
        "alpha-coder",
        "alpha-generalist",
        "beta-coder",
        "beta-generalist",
        "beta-seer",
    ]

    failed, printed = run_block(europe)
    assert failed == 1, printed
    (error,) = re.findall(r"^error: .*$", printed, re.MULTILINE)
    assert "gamma" not in error
    assert served_by(printed) == ["generalist at beta, eu-west", "generalist at gamma, us-east"]

    failed, printed = run_block(ceiling)
    assert failed == 1, printed
    assert [one.partition(" at ")[0] for one in served_by(printed)] == ["generalist"]
    assert "the limit is $0.000100" in printed

    failed, printed = run_block(budget)
    assert failed == 0, printed
    assert [one.partition(" at ")[0] for one in served_by(printed)] == [
        "coder",
        "coder",
        "generalist",
    ]

    failed, printed = run_block(session)
    assert failed == 0, printed
    assert served_by(printed) == [
        *["generalist at alpha, eu-central"] * 3,
        *["generalist at beta, eu-west"] * 3,
    ]

    failed, printed = run_block(end)
    assert failed == 0, printed
