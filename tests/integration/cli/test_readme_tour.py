"""The tour of the README works as it is written: its blocks are run in a shell, one after another.

Only the ports differ, which others may use here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # starts many processes

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
@pytest.mark.usefixtures("grpcurl", "grpc_health_probe")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_tour_works_as_written(
    run_block: Callable[[str], tuple[int, str]],
    blocks_of: Callable[[str, str], list[str]],
) -> None:
    """Every command of every block succeeds, and shows what the text around it says.

    The first call waits for the router itself: nothing here waits between the blocks.
    """
    start, ask, why, past, kill, tools, end = blocks_of("README.md", "## Five-minute tour")

    failed, printed = run_block(start)
    assert (failed, printed) == (0, "examples/full.yaml: ok\n")
    failed, printed = run_block(ask)
    assert failed == 0, printed
    assert printed.count("sim-large at alpha, eu-central · ") == 2

    failed, printed = run_block(why)
    assert failed == 0, printed
    assert "1  alpha-small" in printed
    assert re.search(r"^alpha-large +healthy +100 % ", printed, re.MULTILINE)

    failed, printed = run_block(past)
    assert failed == 0, printed
    assert printed.startswith("Decision  ")
    assert re.search(r"^alpha-large .*✓  first: served$", printed, re.MULTILINE)

    failed, printed = run_block(kill)
    assert failed == 0, printed
    assert "sim-large at beta, eu-west · " in printed
    # A health check may have found alpha to be dead before the call does.
    assert re.search(
        r"alpha-large failed \(connect\)|^alpha-large +unavailable ", printed, re.MULTILINE
    )
    assert re.search(r"^beta-large +healthy +100 % ", printed, re.MULTILINE)

    failed, printed = run_block(tools)
    assert failed == 0, printed
    assert "llmrouter.v1.RouterService\n" in printed
    assert "grpc.health.v1.Health\n" in printed
    assert "rpc StreamComplete" in printed
    assert printed.count('"finish_reason": "FINISH_REASON_STOP"') == 2
    assert '"content_delta"' in printed
    assert '"configuration_digest"' in printed
    assert '"deployment": "gamma-reasoner"' in printed
    assert "status: SERVING" in printed

    failed, printed = run_block(end)
    assert failed == 0, printed


def test_the_readme_names_files_that_exist() -> None:
    """A dead link is where a newcomer turns around."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    targets = re.findall(r"\]\(([^)#:]+)\)", readme)

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_begins_with_the_two_commands() -> None:
    """They are what a user in a hurry types, and they are targets of the Makefile."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    _, _, section = readme.partition("## Two commands")

    commands = re.findall(r"^make (\w+)", section.partition("\n## ")[0], re.MULTILINE)

    assert commands == ["demo", "test"]
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)
