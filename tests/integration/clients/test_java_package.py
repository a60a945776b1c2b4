"""The Java client as it would be published; its own tests run whenever it is built."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # builds take minutes on a busy machine

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ROOT / "clients/java"


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_jar_holds_what_its_users_need() -> None:
    """The library and its messages, the service config and the licence; no driver and no tests."""
    with zipfile.ZipFile(PROJECT / "target/llmrouter-client-0.1.0.jar") as jar:
        names = set(jar.namelist())
        service_config = jar.read("io/github/routersvc/llmrouter/service_config.json")
        licence = jar.read("META-INF/LICENSE")

    assert {
        "io/github/routersvc/llmrouter/RouterClient.class",
        "io/github/routersvc/llmrouter/v1/CompleteRequest.class",
    } <= names
    assert not [name for name in names if "Driver" in name or "Test" in name]
    assert service_config == (ROOT / "clients/service_config.json").read_bytes()
    assert licence == (ROOT / "LICENSE").read_bytes()


def test_library_says_its_version() -> None:
    """What the user agent tells is what is released."""
    client = PROJECT / "src/main/java/io/github/routersvc/llmrouter/RouterClient.java"

    assert 'VERSION = "0.1.0"' in client.read_text(encoding="utf-8")
    assert "<version>0.1.0</version>" in (PROJECT / "pom.xml").read_text(encoding="utf-8")
