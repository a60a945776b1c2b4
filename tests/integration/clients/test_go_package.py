"""The Go client by Go's own judges."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # builds take minutes on a busy machine

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "clients/go"
PATIENCE = 600


@pytest.fixture(scope="module")
def go() -> str:
    """The toolchain, without which there is nothing to judge."""
    found = shutil.which("go")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("`go` is not installed", pytrace=False)
        pytest.skip("`go` is not installed")
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the module."""
    return subprocess.run(
        command,
        cwd=MODULE,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.slow
def test_go_finds_nothing(go: str) -> None:
    """Its tests pass, its examples compile, and `go vet` has nothing to say."""
    tested = run(go, "test", "./...")
    vetted = run(go, "vet", "./...")

    assert tested.returncode == 0, tested.stdout
    assert vetted.returncode == 0, vetted.stdout


def test_go_code_is_formatted(go: str) -> None:
    """As everybody's is."""
    formatter = Path(go).resolve().with_name("gofmt")

    assert run(str(formatter), "-l", ".").stdout == ""


def test_package_says_its_version() -> None:
    """What the user agent tells, and what a release is tagged as."""
    python = (ROOT / "clients/python/pyproject.toml").read_text(encoding="utf-8")

    assert 'const Version = "0.1.0"' in (MODULE / "doc.go").read_text(encoding="utf-8")
    assert 'version = "0.1.0"' in python
    assert (MODULE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
