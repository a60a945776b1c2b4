"""The wheels of service and client in an empty environment, and that environment in a bare root."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Generator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 600.0
SETTINGS = """
server: {listen: ["127.0.0.1:0"], drain: {notice_delay: 0s}}
providers: {alpha: {wire_format: openai_chat, base_url: "http://127.0.0.1:1/v1"}}
models: {sim-large: {context_window: 128000}}
deployments: {alpha-large: {provider: alpha, model: sim-large}}
policies: {default: {deployments: [alpha-large]}}
"""

_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_ENTER = """
mount --bind "$0" "$0" &&
mount --bind /dev/urandom "$0/dev/urandom" &&
mount -o remount,bind,ro "$0" &&
exec chroot "$0" "$@"
"""
"""Enters a root that cannot be written; gRPC seeds its random numbers from the one device."""

_NOT_COPIED = shutil.ignore_patterns("site-packages", "test", "idlelib", "__pycache__", "*.a")


def build_wheels(folder: Path) -> list[Path]:
    """Build both wheels without the network, as `make verify` tests them; return their paths."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir")
    _run(sys.executable, "-m", "pip", "wheel", *options, folder, ROOT, ROOT / "clients/python")
    return sorted(folder.glob("*.whl"))


def constraints(folder: Path) -> Path:
    """Write the locked versions without their hashes, which pip would demand of the wheels too."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    file = folder / "constraints.txt"
    file.write_text("\n".join(re.findall(r"^[A-Za-z0-9._-]+==[^\s;\\]+", lock, re.MULTILINE)))
    return file


def installed(folder: Path, wheels: Path, requirement: str) -> Path:
    """Return the programs of a new environment with `requirement` out of `wheels`."""
    venv.create(folder, with_pip=True, symlinks=True)
    options = ("--quiet", "--disable-pip-version-check", "--only-binary=:all:")
    sources = ("--find-links", wheels, "--constraint", constraints(folder))
    _run(folder / "bin/python", "-m", "pip", "install", *options, *sources, requirement)
    return folder / "bin"


def built_as_image(folder: Path) -> Path:
    """Run the steps of the Containerfile's first stage in `folder`, and return the programs.

    `/opt/routersvc` is a folder there; the interpreter is this one instead of the base image's.
    """
    text = (ROOT / "deploy/container/Containerfile").read_text("utf-8").replace("\\\n", " ")
    stage = text.partition(" AS wheels\n")[2].partition("\nFROM ")[0]
    source, environment = folder / "source", folder / "routersvc"
    source.mkdir()
    path = f"{Path(sys.base_prefix) / 'bin'}:{_clean()['PATH']}"
    for instruction, rest in re.findall(r"^(COPY|RUN) (.+)$", stage, re.MULTILINE):
        if instruction == "RUN":
            command = rest.replace("/opt/routersvc", str(environment))
            _run("/bin/sh", "-c", command, env=_clean() | {"PATH": path}, cwd=source)
            continue
        *names, target = rest.split()
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / target)
            else:
                shutil.copy2(ROOT / name, source / target)
    return environment / "bin"


def bare_root(folder: Path, environment: Path) -> Path:
    """Return a root folder with the interpreter, `environment` and the libraries of both alone."""
    interpreter = Path(sys.base_prefix).resolve()
    for source in (interpreter / "lib", environment):
        shutil.copytree(
            source,
            folder / source.relative_to("/"),
            symlinks=True,
            ignore=_NOT_COPIED if source is not environment else None,
        )
    program = (environment / "bin/python").resolve()
    _copy(program, folder)
    for link in (environment / "bin").iterdir():
        if link.is_symlink() and link.readlink().is_absolute():
            _copy(link.readlink(), folder)
    objects = [program, *interpreter.rglob("*.so*"), *environment.rglob("*.so*")]
    # ldd fails for an object that is linked statically, and lists the libraries of the others.
    ldd = shutil.which("ldd") or "ldd"
    listed = subprocess.run([ldd, *objects], check=False, capture_output=True, text=True)
    for library in set(_LIBRARY.findall(listed.stdout)):
        _copy(Path(library), folder)
    (folder / "dev").mkdir()
    (folder / "dev/urandom").touch()
    return folder


def _copy(file: Path, root: Path) -> None:
    target = root / file.relative_to("/")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


@contextlib.contextmanager
def serving(command: Sequence[str | Path], *, root: Path | None = None) -> Generator[str]:
    """Run `routersvc serve --json` for the context, and yield its address; it ends with code 0."""
    with subprocess.Popen(
        _within(root, command), env=_clean(), cwd="/", stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["addresses"][0]
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


def output(command: Sequence[str | Path], *, root: Path | None = None) -> str:
    """Return what a command prints; its environment has nothing of the project."""
    return _run(*_within(root, command), env=_clean(), cwd="/")


def _within(root: Path | None, command: Sequence[str | Path]) -> list[str | Path]:
    if root is None:
        return [*command]
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", _ENTER, root, *command]


def _clean() -> dict[str, str]:
    return {"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LANG": "C.UTF-8"}


def _run(
    *command: str | Path, env: dict[str, str] | None = None, cwd: str | Path | None = None
) -> str:
    finished = subprocess.run(
        command,
        env=env,
        cwd=cwd,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout
