"""The Python client as it would be published."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # builds take minutes on a busy machine

ROOT = Path(__file__).resolve().parents[3]


def test_wheel_holds_all_that_its_users_need(tmp_path: Path) -> None:
    """Types, the service config and the licence are no Python code, and easily left out."""
    command = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    subprocess.run(
        [sys.executable, *command, "--wheel-dir", tmp_path, ROOT / "clients/python"],
        check=True,
        timeout=600,
    )

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        described = archive.read(metadata).decode()

    assert {
        "llmrouter/__init__.py",
        "llmrouter/py.typed",
        "llmrouter/service_config.json",
        "llmrouter/v1/router_service_pb2.pyi",
        "llmrouter/v1/router_service_pb2_grpc.pyi",
    } <= names
    assert not [name for name in names if "conformance" in name]
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert "Name: llmrouter-client\n" in described
    assert "License-Expression: Apache-2.0\n" in described
    assert "# llmrouter for Python" in described
