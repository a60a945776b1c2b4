"""Resolve the dependencies into the lock files, or check that they are fresh.

`make lock` resolves anew what pyproject.toml asks for and keeps every pin that still fits;
`--upgrade` takes the newest instead. Locks hold hashes and name no host, so that every registry or
mirror that has these very files will do. Their first line is a digest of
what they were resolved from and of their content, so that `--check` needs no network.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("pyproject.toml", "clients/python/pyproject.toml")
LOCKS = {
    "requirements.lock": ("--group=build",),
    "requirements-dev.lock": ("--group=dev", "--constraints=requirements.lock"),
}
"""What each lock adds to the dependencies of the service. The order is that of resolution."""
SEAL = "# sealed by `make lock`: "
HOSTLESS = (
    *LOCKS,
    "tools/package-lock.json",
    "tools/go.sum",
    "clients/typescript/package-lock.json",
)
"""The files in which no address may stand."""


class LockError(Exception):
    """The dependencies cannot be resolved, or a lock is stale or names a host."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--upgrade", action="store_true", help="take the newest that fit")
    arguments = parser.parse_args()
    check: bool = arguments.check
    upgrade: bool = arguments.upgrade
    try:
        if not check:
            _write(upgrade=upgrade)
        _refuse_stale()
        _refuse_hosts()
    except LockError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _write(*, upgrade: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _resolve(folder, upgrade=upgrade)
        for lock in LOCKS:
            pins = (folder / lock).read_text(encoding="utf-8")
            (ROOT / lock).write_text(_seal(pins) + pins, encoding="utf-8")


def _resolve(folder: Path, *, upgrade: bool) -> None:
    for name in (*INPUTS, *LOCKS):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    for lock, additions in LOCKS.items():
        command = [
            str(Path(sys.executable).parent / "uv"),
            *("pip", "compile", "--quiet", "--universal", "--python-version=3.11"),
            *("--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
            *("--no-emit-package=llmrouter-client", "--extra=uvloop"),
            *additions,
            *(("--upgrade",) if upgrade else ()),
            *("pyproject.toml", f"--output-file={lock}"),
        ]
        if subprocess.run(command, cwd=folder, check=False).returncode != 0:
            raise LockError(f"`{lock}` cannot be resolved, see above")


def _refuse_stale() -> None:
    for lock in LOCKS:
        seal, _, pins = (ROOT / lock).read_text(encoding="utf-8").partition("\n")
        if f"{seal}\n" != _seal(pins):
            raise LockError(f"`{lock}` is not what pyproject.toml resolves to, run `make lock`")


def _seal(pins: str) -> str:
    """Return the first line of a lock that holds `pins`."""
    digest = hashlib.sha256(pins.encode())
    for name in INPUTS:
        tables = tomllib.loads((ROOT / name).read_text(encoding="utf-8"))
        project = tables["project"]
        asked = [
            project["requires-python"],
            project["dependencies"],
            project.get("optional-dependencies"),
            tables.get("dependency-groups"),
        ]
        digest.update(json.dumps(asked, sort_keys=True).encode())
    return f"{SEAL}{digest.hexdigest()}\n"


def _refuse_hosts() -> None:
    for name in HOSTLESS:
        text = (ROOT / name).read_text(encoding="utf-8")
        if found := re.search(r"\w+://\S+", text):
            raise LockError(f"`{name}` names a host: {found.group()}")


if __name__ == "__main__":
    sys.exit(main())
