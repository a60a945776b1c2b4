"""Write the generated code of every client, or check that it is fresh.

`make generate` writes it; `--check` generates it elsewhere and compares byte for byte, comments
included. Python comes from grpcio-tools, the other languages from buf and the plugins of
`buf.gen.yaml`. The generators are asked for their versions first: other versions write other code,
and a Python gencode refuses runtimes older than its generator.
"""

import argparse
import importlib.metadata
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGE = Path("llmrouter/v1")
PYTHON = Path("clients/python/src")
TOOLS = ROOT / ".tools/bin"
GENERATORS = {"grpcio-tools": "1.85.1", "mypy-protobuf": "5.1.0"}
"""The only versions whose output is committed: also pinned in pyproject.toml."""

PLUGINS = {
    "protoc-gen-go": "google.golang.org/protobuf",
    "protoc-gen-go-grpc": "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
}
"""The plugins that `make tools` builds, each with its module in tools/go.mod."""

SERVICE_CONFIG = Path("clients/service_config.json")
SERVICE_CONFIG_COPIES = (
    PYTHON / "llmrouter/service_config.json",
    Path("clients/go/service_config.json"),
)
"""A package holds only what is below it, so each has a copy."""

Files = dict[Path, bytes]
"""Contents by path from the root of the repository."""


class GenerationError(Exception):
    """A generator is missing, is of another version, or refused the protos."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--only", choices=tuple(MAKERS), help="this part; default: all")
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else list(MAKERS)
    stale: list[Path] = []
    for part in parts:
        with tempfile.TemporaryDirectory() as folder:
            try:
                fresh = MAKERS[part](Path(folder))
            except GenerationError as error:
                print(f"generate: {error}", file=sys.stderr)
                return 2
        changed = _stale(fresh)
        stale += changed
        if not arguments.check:
            _write(fresh, changed)
    if arguments.check and stale:
        names = "\n".join(f"  {name}" for name in stale)
        print(f"not what the protos generate, run `make generate`:\n{names}", file=sys.stderr)
        return 1
    return 0


def _python(out: Path) -> Files:
    for name, expected in GENERATORS.items():
        _assert_version(name, importlib.metadata.version(name), expected)
    protos = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / PACKAGE).glob("*.proto"))
    if not protos:
        raise GenerationError(f"no protos in `{PROTOS / PACKAGE}`")
    descriptors = out / "descriptors.binpb"
    _protoc(
        f"--python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--descriptor_set_out={descriptors}",
        *protos,
    )
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes()).file
    _protoc(
        f"--grpc_python_out={out}",
        f"--mypy_grpc_out=quiet:{out}",
        *(file.name for file in files if file.service),
    )
    return {PYTHON / PACKAGE / path.name: path.read_bytes() for path in (out / PACKAGE).iterdir()}


def _protoc(*arguments: str) -> None:
    programs = Path(sys.executable).parent
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--plugin=protoc-gen-mypy={programs / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={programs / 'protoc-gen-mypy_grpc'}",
        f"--proto_path={PROTOS}",
        *arguments,
    ]
    if subprocess.run(command, check=False).returncode != 0:
        raise GenerationError("protoc refused the protos, see above")


def _clients(out: Path) -> Files:
    locked = json.loads((ROOT / "tools/package.json").read_text(encoding="utf-8"))
    buf = locked["optionalDependencies"]["@bufbuild/buf-linux-x64"]
    _assert_version("buf", _printed(TOOLS / "buf"), buf)
    modules = (ROOT / "tools/go.mod").read_text(encoding="utf-8")
    for name, module in PLUGINS.items():
        pinned = re.search(rf"^\t{re.escape(module)} v(\S+)", modules, re.MULTILINE)
        if pinned is None:
            raise GenerationError(f"`tools/go.mod` does not name `{module}`")
        printed = _printed(TOOLS / name).split()[-1].removeprefix("v")
        _assert_version(name, printed, pinned[1])
    command: list[str | Path] = [TOOLS / "buf", "generate", "--output", out]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise GenerationError("buf refused the protos, see above")
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def _service_configs(_out: Path) -> Files:
    content = (ROOT / SERVICE_CONFIG).read_bytes()
    return dict.fromkeys(SERVICE_CONFIG_COPIES, content)


MAKERS: dict[str, Callable[[Path], Files]] = {
    "python": _python,
    "clients": _clients,
    "service-configs": _service_configs,
}


def _printed(program: Path) -> str:
    if not program.exists():
        raise GenerationError(f"`{program.name}` is not there: `make tools` builds it")
    command: list[str | Path] = [program, "--version"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return printed.stdout.strip()


def _assert_version(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise GenerationError(
            f"`{name}` is {found}, the committed code needs {expected}: `make tools` mends it"
        )


def _stale(fresh: Files) -> list[Path]:
    """Return what is not as generated, and what nothing generates any more."""
    changed = {name for name, content in fresh.items() if _content(name) != content}
    # Generated folders hold generated code alone, but for a package's own files.
    folders = {name.parent for name in fresh if name not in SERVICE_CONFIG_COPIES}
    left = {
        path.relative_to(ROOT)
        for folder in folders
        for path in (ROOT / folder).glob("*")
        if path.is_file() and path.name != "__init__.py"
    }
    return sorted(changed | (left - fresh.keys()))


def _content(name: Path) -> bytes | None:
    path = ROOT / name
    return path.read_bytes() if path.exists() else None


def _write(fresh: Files, changed: list[Path]) -> None:
    for name in changed:
        if name in fresh:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_bytes(fresh[name])
        else:
            (ROOT / name).unlink()


if __name__ == "__main__":
    sys.exit(main())
