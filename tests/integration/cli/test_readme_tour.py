"""The tour of the README works as it is written: its blocks are run in a shell, one after another.

Only the ports differ, which others may use here.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FIXED_PORTS = ("4009", "4010", "4011", "4012", "50051", "9464")


class Shell:
    """A shell that runs one block after another, as in one terminal."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/bash", "--noprofile", "--norc"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, block: str) -> tuple[int, str]:
        """Run a block; return the sum of its commands' exit codes, and what was printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # Every command counts, not only the last one.
        self._process.stdin.write(
            f"failed=0; trap 'failed=$((failed + 1))' ERR\n{block}\ntrap - ERR\n"
            'echo "ended with $failed"\n'
        )
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith("ended with "):
                return int(line.removeprefix("ended with ")), "".join(lines)
            lines.append(line)
        pytest.fail(f"the shell ended: {''.join(lines)}")

    def close(self) -> None:
        """End the shell and whatever still runs in it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("kill $(jobs -p) 2> /dev/null; wait\nexit\n")
        self._process.stdin.close()
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        self._process.stdout.read()
        self._process.wait()
        watchdog.cancel()
        self._process.stdout.close()


def tour() -> list[str]:
    """Return the shell blocks of the tour."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("## Five-minute tour")
    section, _, _ = rest.partition("\n## ")
    return [match[1] for match in _BLOCK.finditer(section)]


@pytest.fixture
def ports() -> dict[str, str]:
    """Return a free port for each one that the tour names; neighbours stay neighbours."""
    for _ in range(100):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first = probe.getsockname()[1]
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, OverflowError):
            free = range(first, first + len(_FIXED_PORTS))
            for port in free:
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return dict(zip(_FIXED_PORTS, map(str, free), strict=True))
    pytest.fail("there are no free ports")


@pytest.fixture
def shell(tmp_path: Path, ports: dict[str, str]) -> Iterator[Shell]:
    """Return a shell in a folder that looks like a clone after `make demo` and `make tools`."""
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    (tmp_path / "examples").mkdir()
    for example in (ROOT / "examples").glob("*.yaml"):
        text = with_ports(example.read_text(encoding="utf-8"), ports)
        (tmp_path / "examples" / example.name).write_text(text, encoding="utf-8")
    opened = Shell(tmp_path)
    yield opened
    opened.close()


def with_ports(text: str, ports: dict[str, str]) -> str:
    """Return a text with other ports."""
    return re.sub(
        rf"(?<=[: ])({'|'.join(ports)})\b", lambda found: ports.get(found[1], found[1]), text
    )


def on_free_ports(block: str, ports: dict[str, str]) -> str:
    """Return a block of the tour for the ports of this test; nothing else is changed."""
    block = with_ports(block, ports)
    block = block.replace(
        "routersvc simulate",
        f"routersvc simulate --port {ports['4010']} --control-port {ports['4009']}",
    )
    return f"export ROUTERSVC_ADDRESS=localhost:{ports['50051']}\n{block}"


def wait_for(port: str) -> None:
    """Wait until somebody listens, as a person does who reads on."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE / 0.05)):
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
        except OSError:
            waiting.wait(0.05)
        else:
            return
    pytest.fail(f"nobody listens on port {port}")


@pytest.mark.slow
@pytest.mark.usefixtures("grpcurl", "grpc_health_probe")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_tour_works_as_written(shell: Shell, ports: dict[str, str]) -> None:
    """Every command of every block succeeds, and shows what the text around it says."""
    start, ask, why, past, kill, tools, end = (on_free_ports(block, ports) for block in tour())

    failed, printed = shell.run(start)
    assert (failed, printed) == (0, "examples/full.yaml: ok\n")
    wait_for(ports["4010"])
    wait_for(ports["50051"])

    failed, printed = shell.run(ask)
    assert failed == 0, printed
    assert printed.count("sim-large at alpha, eu-central · ") == 2

    failed, printed = shell.run(why)
    assert failed == 0, printed
    assert "1  alpha-small" in printed
    assert re.search(r"^alpha-large +healthy +100 % ", printed, re.MULTILINE)

    failed, printed = shell.run(past)
    assert failed == 0, printed
    assert printed.startswith("Decision  ")
    assert re.search(r"^alpha-large .*✓  first: served$", printed, re.MULTILINE)

    failed, printed = shell.run(kill)
    assert failed == 0, printed
    assert "sim-large at beta, eu-west · " in printed
    assert "2 attempts: alpha-large failed (connect)" in printed
    assert re.search(r"^beta-large +healthy +100 % ", printed, re.MULTILINE)

    failed, printed = shell.run(tools)
    assert failed == 0, printed
    assert "llmrouter.v1.RouterService\n" in printed
    assert "grpc.health.v1.Health\n" in printed
    assert "rpc StreamComplete" in printed
    assert printed.count('"finish_reason": "FINISH_REASON_STOP"') == 2
    assert '"content_delta"' in printed
    assert '"configuration_digest"' in printed
    assert '"deployment": "gamma-reasoner"' in printed
    assert "status: SERVING" in printed

    failed, printed = shell.run(end)
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
