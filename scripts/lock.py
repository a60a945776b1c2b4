"""Resolve the dependencies into the lock files, or check that they are fresh.

`make lock` resolves anew what pyproject.toml asks for and keeps every pin that still fits;
`--upgrade` takes the newest instead; `--check` resolves elsewhere and compares. Locks hold hashes
and name no host, so that every registry or mirror that has these very files will do. A check that
passed is remembered until an input or a lock changes, so that it asks the registry only once.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("pyproject.toml", "clients/python/pyproject.toml")
LOCKS = {
    "requirements.lock": ("--group=build",),
    "requirements-dev.lock": ("--group=dev", "--constraints=requirements.lock"),
}
"""What each lock adds to the dependencies of the service. The order is that of resolution."""
REMEMBERED = Path(sys.prefix) / ".locks-checked"
"""The digest of what the last check found fresh."""
HOSTLESS = (*LOCKS, "tools/package-lock.json", "tools/go.sum")
"""The files in which no address may stand."""


class LockError(Exception):
    """The dependencies cannot be resolved, or a lock is not what they resolve to."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--upgrade", action="store_true", help="take the newest that fit")
    arguments = parser.parse_args()
    check: bool = arguments.check
    upgrade: bool = arguments.upgrade
    if check and _remembered() == _digest():
        return 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            _resolve(Path(folder), upgrade=upgrade)
            _settle(Path(folder), check=check)
        _refuse_hosts()
    except LockError as error:
        print(error, file=sys.stderr)
        return 1
    REMEMBERED.write_text(_digest(), encoding="utf-8")
    return 0


def _digest() -> str:
    digest = hashlib.sha256()
    for name in sorted({*INPUTS, *HOSTLESS}):
        content = (ROOT / name).read_bytes() if (ROOT / name).exists() else b""
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _remembered() -> str | None:
    return REMEMBERED.read_text(encoding="utf-8") if REMEMBERED.exists() else None


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
            *("--no-emit-package=llmrouter-client", "--extra=uvloop", *additions),
            *(("--upgrade",) if upgrade else ()),
            *("pyproject.toml", f"--output-file={lock}"),
        ]
        if subprocess.run(command, cwd=folder, check=False).returncode != 0:
            raise LockError(f"`{lock}` cannot be resolved, see above")


def _settle(folder: Path, *, check: bool) -> None:
    for lock in LOCKS:
        fresh, kept = folder / lock, ROOT / lock
        if not check:
            shutil.copyfile(fresh, kept)
        elif not kept.exists() or fresh.read_bytes() != kept.read_bytes():
            raise LockError(f"`{lock}` is not what pyproject.toml resolves to, run `make lock`")


def _refuse_hosts() -> None:
    for name in HOSTLESS:
        text = (ROOT / name).read_text(encoding="utf-8")
        if found := re.search(r"\w+://\S+", text):
            raise LockError(f"`{name}` names a host: {found.group()}")


if __name__ == "__main__":
    sys.exit(main())
