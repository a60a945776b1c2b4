"""The READMEs of the clients work as they are written: their code is saved, their commands are run.

A block of code is a file, named in its first line. Only the port differs, and where a network would
be needed: the packages are there already.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from clients.conformance.runner.cases import Case, Step
from clients.conformance.runner.servers import Server
from clients.conformance.runner.settings import server_settings, simulator_settings

from routersvc.simulator import Simulator, SimulatorSettings

pytestmark = pytest.mark.timeout(900)  # builds take minutes on a busy machine

ROOT = Path(__file__).resolve().parents[3]
ANSWER = "Because air scatters blue light more than red."
PATIENCE = 600
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Halves the processor time of Maven, as in the Makefile."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE_NAME = re.compile(r"(?:#|//|<!--) (\S+)(?: -->)?\n")

CASE = Case(
    name="readme",
    about="A router whose answer is known.",
    steps=(Step(kind="kill", value={}),),
    providers={"alpha": {"behaviour": {"answer": {"kind": "fixed", "text": ANSWER}}}},
    policy={},
    model={},
    server=None,
    tenants=None,
    script=None,
    needs=(),
)


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a router of a simulated provider."""
    settings = SimulatorSettings.from_mapping(simulator_settings([CASE]))
    config = tmp_path / "router.yaml"
    async with Simulator.start(settings) as simulator:
        base_urls = {provider.name: provider.base_url for provider in simulator.providers}
        config.write_text(server_settings([CASE], base_urls), encoding="utf-8")
        async with Server.start(config) as server:
            yield server.address


Follow = Callable[[str], str]


@pytest.fixture
def follow(tmp_path: Path, address: str) -> Follow:
    """Return what does all that a README says in an empty folder, and returns what was printed."""
    folder = tmp_path / "stranger"
    folder.mkdir()

    def followed(readme: str, replacements: dict[str, str] | None = None) -> str:
        text = (ROOT / readme).read_text(encoding="utf-8")
        printed = ""
        for told, done in {"localhost:50051": address, **(replacements or {})}.items():
            text = text.replace(told, done)
        for language, content in _BLOCK.findall(text):
            if language == "sh":
                ended = subprocess.run(
                    ["/bin/bash", "--noprofile", "--norc", "-euc", content],
                    cwd=folder,
                    check=False,
                    env={"MAVEN_OPTS": QUICK_START, **os.environ, "ROUTERSVC": str(ROOT)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=PATIENCE,
                )
                assert ended.returncode == 0, f"{content}\n{ended.stdout}"
                printed += ended.stdout
            else:
                name = _FILE_NAME.match(content)
                assert name is not None, f"a block of code without a name: {content[:80]}"
                file = folder / name[1]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
        return printed

    return followed


async def test_python_readme_works_as_written(follow: Follow) -> None:
    """From an empty folder to a whole answer and a streamed one."""
    installed = {
        "python3 -m venv .venv": f"mkdir -p .venv/bin; ln -s {sys.executable} .venv/bin/python",
        '.venv/bin/python -m pip install --quiet "$ROUTERSVC/clients/python"': (
            'test -e "$ROUTERSVC/clients/python/pyproject.toml"'
        ),
        ".venv/bin/python ": f"{sys.executable} ",
    }

    printed = await _in_thread(follow, "clients/python/README.md", installed)

    assert printed == f"{ANSWER}\nanswered by readme--sim-large\n{ANSWER}\n"


@pytest.mark.slow
async def test_go_readme_works_as_written(follow: Follow) -> None:
    """From an empty folder to a whole answer and a streamed one."""
    if shutil.which("go") is None and not os.environ.get("CI"):
        pytest.skip("`go` is not installed")

    printed = await _in_thread(follow, "clients/go/README.md")

    assert f"{ANSWER}\nanswered by readme--sim-large\n{ANSWER}\n" in printed


@pytest.mark.slow
async def test_typescript_readme_works_as_written(follow: Follow, typescript: str) -> None:
    """From an empty folder to a whole answer and a streamed one."""
    installed = {
        'npm ci --silent --prefix "$ROUTERSVC/clients/typescript"': f'export PATH="{typescript}"',
        "node ask.mjs": f'PATH="{typescript}" node ask.mjs',
    }

    printed = await _in_thread(follow, "clients/typescript/README.md", installed)

    assert f"{ANSWER}\nanswered by readme--sim-large\n{ANSWER}\n" in printed


@pytest.mark.slow
@pytest.mark.usefixtures("java")
async def test_java_readme_works_as_written(follow: Follow) -> None:
    """From an empty folder to a whole answer and a streamed one.

    The library's own tests ran when it was built.
    """
    installed = {'/clients/java" install': '/clients/java" install -DskipTests'}

    printed = await _in_thread(follow, "clients/java/README.md", installed)

    assert f"{ANSWER}\nanswered by readme--sim-large\n{ANSWER}\n" in printed


async def _in_thread(follow: Callable[..., str], *arguments: object) -> str:
    # The simulated provider lives in the loop of the test.

    return await asyncio.to_thread(follow, *arguments)
