"""The clients that have to be built first; one test at a time builds and uses each of them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 600


@pytest.fixture
def typescript() -> Iterator[str]:
    """The client for TypeScript; the value is the search path that finds node and npm."""
    yield from _built("typescript", f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def java() -> Iterator[str]:
    """The client for Java; the value is Maven."""
    maven = shutil.which("mvn")
    if maven is None:
        if os.environ.get("CI"):
            pytest.fail("`mvn` is not installed", pytrace=False)
        pytest.skip("`mvn` is not installed")
    yield from _built("java", maven)


def _built(language: str, value: str) -> Iterator[str]:
    with (ROOT / f".tools/{language}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            [shutil.which("make") or "make", "--silent", f".tools/.{language}"],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        assert made.returncode == 0, made.stdout
        yield value
