"""Stale code is found, down to a comment, and one command mends it.

In a copy of the contract and of everything that is generated from it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # builds take minutes on a busy machine

ROOT = Path(__file__).resolve().parents[3]
COPIED = (
    "protos",
    "scripts",
    "clients/python/src",
    "clients/go",
    "clients/java/src",
    "clients/typescript/src",
    "clients/service_config.json",
)
COPIED_TOO = (
    "buf.yaml",
    "buf.gen.yaml",
    "buf.gen.google.yaml",
    "buf.gen.java.yaml",
    "tools/go.mod",
    "tools/package.json",
    "tools/pom.xml",
)
PROTO = "protos/llmrouter/v1/routing.proto"
COMMENT = "Routing options of a request. All fields are optional."


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what generation reads and writes; the programs are those of the project."""
    for name in (*COPIED, *COPIED_TOO):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name in (".tools", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def generate(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the generation of a copy."""
    ended = subprocess.run(
        [sys.executable, folder / "scripts/generate.py", *arguments],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return ended.returncode, ended.stdout


def change(file: Path, old: str, new: str) -> None:
    """Change a file in one place."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_python_that_differs_in_a_comment_is_stale(copy: Path) -> None:
    """Comments are what a reader of the stubs has; `make generate` brings them."""
    change(copy / PROTO, COMMENT, "Options of routing.")

    code, printed = generate(copy, "--check", "--only", "python")
    generate(copy, "--only", "python")
    mended = generate(copy, "--check", "--only", "python")

    assert code == 1
    assert "run `make generate`:\n  clients/python/src/llmrouter/v1/routing_pb2.pyi\n" in printed
    assert mended == (0, "")


@pytest.mark.usefixtures("protoc_plugins")
def test_other_languages_that_differ_in_a_comment_are_stale(copy: Path) -> None:
    """The same for whatever buf generates."""
    change(copy / PROTO, COMMENT, "Options of routing.")

    code, printed = generate(copy, "--check", "--only", "clients")
    generate(copy, "--only", "clients")
    mended = generate(copy, "--check", "--only", "clients")

    assert code == 1
    assert "  clients/go/llmrouterv1/routing.pb.go\n" in printed
    assert "  clients/java/src/main/java/io/github/routersvc/llmrouter/v1/Routing.java\n" in printed
    assert "  clients/typescript/src/llmrouter/v1/routing_pb.ts\n" in printed
    assert mended == (0, "")


def test_what_nothing_generates_any_more_is_stale(copy: Path) -> None:
    """A proto that is gone leaves no code behind."""
    left = copy / "clients/python/src/llmrouter/v1/left_pb2.py"
    left.write_text("", encoding="utf-8")

    code, printed = generate(copy, "--check", "--only", "python")
    generate(copy, "--only", "python")

    assert code == 1
    assert "left_pb2.py" in printed
    assert not left.exists()


def test_service_config_is_one(copy: Path) -> None:
    """Every client ships it, and none its own."""
    change(copy / "clients/service_config.json", '"maxAttempts": 3', '"maxAttempts": 4')

    code, printed = generate(copy, "--check", "--only", "service-configs")
    generate(copy, "--only", "service-configs")
    mended = generate(copy, "--check", "--only", "service-configs")

    assert code == 1
    assert "clients/python/src/llmrouter/service_config.json" in printed
    assert "clients/typescript/src/service_config.ts" in printed
    assert mended == (0, "")


def test_other_versions_of_generators_are_refused(copy: Path) -> None:
    """Their code would differ for everybody else."""
    change(copy / "scripts/generate.py", '"mypy-protobuf": "', '"mypy-protobuf": "0.')

    code, printed = generate(copy, "--check", "--only", "python")

    assert code == 2
    assert "`mypy-protobuf` is " in printed


@pytest.mark.usefixtures("protoc_plugins")
def test_breaking_change_is_refused(copy: Path) -> None:
    """Callers that were built with the last release go on to work."""
    change(copy / PROTO, "string policy = 1;", "string policy = 99;")
    command: list[str | Path] = [
        copy / ".tools/bin/buf",
        "breaking",
        "--against",
        "protos/baseline.binpb",
    ]

    ended = subprocess.run(
        command, cwd=copy, check=False, stdout=subprocess.PIPE, text=True, timeout=600
    )

    assert ended.returncode != 0
    assert 'field "1" with name "policy"' in ended.stdout
