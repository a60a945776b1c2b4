"""Commands as processes of their own, one by one or in a shell as a document writes them."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.commands.server import served_commands

Start = Callable[..., "subprocess.Popen[str]"]
Command = Callable[..., "subprocess.CompletedProcess[str]"]
RunBlock = Callable[[str], tuple[int, str]]

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120.0

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_VIRTUAL_ENV = re.compile(r"\bVIRTUAL_ENV=\S+")
_FIXED_PORTS = ("4009", "4010", "4011", "4012", "50051", "9464")

_SPOKEN_FOR = frozenset(
    {"COLUMNS", "FORCE_COLOR", "NO_COLOR", "ROUTERSVC_ADDRESS", "ROUTERSVC_API_KEY"}
)


@pytest.fixture(scope="session")
def program() -> Iterator[Path]:
    """The program `routersvc`, of which short commands need not import anything."""
    with served_commands() as program:
        yield program


@pytest.fixture
def start(program: Path) -> Iterator[Start]:
    """Return what starts a command; whatever still runs is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(
        *words: str, stdin: int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if name not in _SPOKEN_FOR}
        environment |= variables
        process = subprocess.Popen(
            [program, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait()


@pytest.fixture
def command(start: Start) -> Command:
    """Return what runs a command to its end."""

    def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        # What ends by itself needs no process of its own, but for the demo, which starts others.
        variables = {} if words[0] == "demo" else {"SERVE_EVERY_COMMAND": "1"}
        process = start(*words, stdin=subprocess.PIPE, **variables)
        out, err = process.communicate(text, timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run


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


@pytest.fixture
def ports() -> dict[str, str]:
    """Return a free port for each one that documents name; neighbours stay neighbours."""
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
def shell(tmp_path: Path, ports: dict[str, str], program: Path) -> Iterator[Shell]:
    """Return a shell in a folder that looks like a clone after `make demo` and `make tools`."""
    _copy_environment(tmp_path / ".venv", program)
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    (tmp_path / "examples").mkdir()
    for example in (ROOT / "examples").glob("*.yaml"):
        text = with_ports(example.read_text(encoding="utf-8"), ports)
        (tmp_path / "examples" / example.name).write_text(text, encoding="utf-8")
    opened = Shell(tmp_path)
    yield opened
    opened.close()


def _copy_environment(folder: Path, program: Path) -> None:
    """Make a virtual environment as the one of the tests, but with this `routersvc`."""
    environment = Path(sys.prefix)
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for one in environment.iterdir():
        if one.name != "bin":
            (folder / one.name).symlink_to(one)
    for one in (environment / "bin").iterdir():
        (programs / one.name).symlink_to(program if one.name == program.name else one)
    activate = programs / "activate"
    text = activate.read_text("utf-8")
    activate.unlink()
    activate.write_text(_VIRTUAL_ENV.sub(f"VIRTUAL_ENV='{folder}'", text), "utf-8")


def with_ports(text: str, ports: dict[str, str]) -> str:
    """Return a text with other ports."""
    return re.sub(
        rf"(?<=[: ])({'|'.join(ports)})\b", lambda found: ports.get(found[1], found[1]), text
    )


def on_free_ports(block: str, ports: dict[str, str]) -> str:
    """Return a block for the ports of this test; nothing else is changed."""
    block = with_ports(block, ports)
    block = block.replace(
        "routersvc simulate",
        f"routersvc simulate --port {ports['4010']} --control-port {ports['4009']}",
    )
    return f"export ROUTERSVC_ADDRESS=localhost:{ports['50051']}\n{block}"


@pytest.fixture
def run_block(shell: Shell, ports: dict[str, str]) -> RunBlock:
    """Return what runs a block of a document: how many commands failed, and what all said."""
    return lambda block: shell.run(on_free_ports(block, ports))


@pytest.fixture
def wait_for(ports: dict[str, str]) -> Callable[[str], None]:
    """Return what waits until somebody listens on a port that a document names."""

    def wait(port: str) -> None:
        waiting = threading.Event()
        for _ in range(int(PATIENCE / 0.05)):
            try:
                socket.create_connection(("127.0.0.1", int(ports[port])), timeout=1).close()
            except OSError:
                waiting.wait(0.05)
            else:
                return
        pytest.fail(f"nobody listens in place of port {port}")

    return wait


@pytest.fixture(scope="session")
def blocks_of() -> Callable[[str, str], list[str]]:
    """Return what finds the shell blocks of a document below a heading, in order."""

    def find(document: str, heading: str) -> list[str]:
        text = (ROOT / document).read_text(encoding="utf-8")
        _, _, rest = text.partition(f"{heading}\n")
        level = len(heading.partition(" ")[0])
        section = re.split(rf"^#{{2,{level}}} ", rest, flags=re.MULTILINE)[0]
        return [match[1] for match in _BLOCK.finditer(section)]

    return find
