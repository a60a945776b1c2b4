"""Write the Python messages and stubs of the contract, or check that they are fresh.

`make generate` writes them to `clients/python/src/llmrouter/v1`; `--check` generates them
elsewhere and compares byte for byte. The generators are asked for their versions first: a
gencode from another version differs, and refuses runtimes older than that version.
"""

import argparse
import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGE = Path("llmrouter/v1")
COMMITTED = ROOT / "clients/python/src" / PACKAGE
GENERATORS = {"grpcio-tools": "1.85.1", "mypy-protobuf": "5.1.0"}
"""The only versions whose output is committed: also pinned in pyproject.toml."""


class GenerationError(Exception):
    """A generator is missing, is of another version, or refused the protos."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        try:
            fresh = _generate(Path(folder))
        except GenerationError as error:
            print(f"generate: {error}", file=sys.stderr)
            return 2
    stale = _stale(fresh)
    if not check:
        _write(fresh)
    elif stale:
        names = "\n".join(f"  {name}" for name in stale)
        print(f"not what the protos generate, run `make generate`:\n{names}", file=sys.stderr)
        return 1
    return 0


def _generate(out: Path) -> dict[str, bytes]:
    """Return the generated files by name.

    Raises:
        GenerationError: see there.
    """
    _assert_versions()
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
    return {path.name: path.read_bytes() for path in (out / PACKAGE).iterdir()}


def _assert_versions() -> None:
    for name, expected in GENERATORS.items():
        found = importlib.metadata.version(name)
        if found != expected:
            raise GenerationError(f"`{name}` is {found}, the committed code needs {expected}")


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


def _committed() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in COMMITTED.glob("*_pb2*.py*")}


def _stale(fresh: dict[str, bytes]) -> list[str]:
    committed = _committed()
    names = fresh.keys() | committed.keys()
    return sorted(name for name in names if fresh.get(name) != committed.get(name))


def _write(fresh: dict[str, bytes]) -> None:
    for name in _committed().keys() - fresh.keys():
        (COMMITTED / name).unlink()
    for name, content in fresh.items():
        (COMMITTED / name).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
