"""Write the generated code of every client, or check that it is fresh.

`make generate` writes it; `--check` generates it elsewhere and compares byte for byte, comments
included. Python comes from grpcio-tools, the other languages from buf and the plugins of
`buf.gen.yaml`. The generators are asked for their versions first: other versions write other code,
and a Python gencode refuses runtimes older than its generator.
"""

import argparse
import importlib.metadata
import importlib.resources
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGE = Path("llmrouter/v1")
PYTHON = Path("clients/python/src")
TOOLS = ROOT / ".tools/bin"
GENERATORS = {"grpcio-tools": "1.85.1", "mypy-protobuf": "5.1.0"}
"""The only versions whose output is committed: also pinned in pyproject.toml."""

GO_PLUGINS = {
    "protoc-gen-go": "google.golang.org/protobuf",
    "protoc-gen-go-grpc": "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
}
"""The plugins that `make tools` builds, each with its module in tools/go.mod."""

JAVA_PROGRAMS = ("protoc", "protoc-gen-grpc-java")
"""What `make tools` takes from Maven Central, with versions in tools/pom.xml."""

NODE_PLUGIN = ROOT / ".tools/npm/node_modules/@bufbuild/protoc-gen-es"
"""What `make tools` takes from the npm registry, with a version in tools/package.json."""

GOOGLE_PROTOS = ("google/rpc/error_details.proto", "google/rpc/status.proto")
"""What grpc-js knows nothing of, from googleapis-common-protos."""

SERVICE_CONFIG = Path("clients/service_config.json")
SERVICE_CONFIG_COPIES = (
    PYTHON / "llmrouter/service_config.json",
    Path("clients/go/service_config.json"),
    Path("clients/java/src/main/resources/io/github/routersvc/llmrouter/service_config.json"),
)
"""A package holds only what is below it, so each has a copy."""

SERVICE_CONFIG_MODULE = Path("clients/typescript/src/service_config.ts")
"""Its copy for bundlers, which know modules alone."""

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
    _assert_versions_of_programs()
    with tempfile.TemporaryDirectory() as folder:
        google = Path(folder)
        for name in GOOGLE_PROTOS:
            target = google / name
            target.parent.mkdir(parents=True, exist_ok=True)
            resource = importlib.resources.files("google.rpc").joinpath(target.name)
            target.write_bytes(resource.read_bytes())
        _buf("generate", "--output", out, "--template=buf.gen.google.yaml", google)
    _buf("generate", "--output", out)
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "contract.binpb"
        _buf("build", "--output", image)
        contract = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
        _tell_apart_for_java(message for file in contract.file for message in file.message_type)
        image.write_bytes(contract.SerializeToString())
        _buf("generate", "--output", out, "--template=buf.gen.java.yaml", image)
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def _tell_apart_for_java(messages: Iterable[descriptor_pb2.DescriptorProto]) -> None:
    """Rename what Java could not compile: the bytes of text `x`, and a field `x_bytes`.

    As protoc does where lists and their counts collide, the number is appended: `getXBytes3`. The
    names on the wire and in JSON stay.
    """
    for message in messages:
        texts = {it.name for it in message.field if it.type == it.TYPE_STRING}
        for field in message.field:
            if field.name.removesuffix("_bytes") in texts - {field.name}:
                field.name += str(field.number)
        _tell_apart_for_java(message.nested_type)


def _assert_versions_of_programs() -> None:
    modules = (ROOT / "tools/go.mod").read_text(encoding="utf-8")
    for name, module in GO_PLUGINS.items():
        pinned = re.search(rf"^\t{re.escape(module)} v(\S+)", modules, re.MULTILINE)
        if pinned is None:
            raise GenerationError(f"`tools/go.mod` does not name `{module}`")
        printed = _printed(TOOLS / name).split()[-1].removeprefix("v")
        _assert_version(name, printed, pinned[1])
    artifacts = (ROOT / "tools/pom.xml").read_text(encoding="utf-8")
    for name in JAVA_PROGRAMS:
        pinned = re.search(rf"<{name}\.version>(\S+)</", artifacts)
        if pinned is None:
            raise GenerationError(f"`tools/pom.xml` does not name `{name}`")
        # One of them cannot print its version; the file names of Maven contain it.
        program = _there(TOOLS / name).resolve().name
        _assert_version(name, program.removeprefix(f"{name}-").partition("-")[0], pinned[1])
    npm = json.loads((ROOT / "tools/package.json").read_text(encoding="utf-8"))
    buf = npm["optionalDependencies"]["@bufbuild/buf-linux-x64"]
    _assert_version("buf", _printed(TOOLS / "buf"), buf)
    described = _there(NODE_PLUGIN / "package.json").read_text(encoding="utf-8")
    pinned_plugin = npm["dependencies"]["@bufbuild/protoc-gen-es"]
    _assert_version(NODE_PLUGIN.name, json.loads(described)["version"], pinned_plugin)


def _buf(*arguments: str | Path) -> None:
    command: list[str | Path] = [TOOLS / "buf", *arguments]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise GenerationError("buf refused the protos, see above")


def _service_configs(_out: Path) -> Files:
    content = (ROOT / SERVICE_CONFIG).read_bytes()
    # A template literal, which holds every byte of this JSON as it is.
    module = b"// Generated from clients/service_config.json by `make generate`.\n\n"
    module += b"export const serviceConfig = `%b`;\n" % content
    return {**dict.fromkeys(SERVICE_CONFIG_COPIES, content), SERVICE_CONFIG_MODULE: module}


MAKERS: dict[str, Callable[[Path], Files]] = {
    "python": _python,
    "clients": _clients,
    "service-configs": _service_configs,
}


def _there(program: Path) -> Path:
    if not program.exists():
        raise GenerationError(f"`{program.name}` is not there: `make tools` sets it up")
    return program


def _printed(program: Path) -> str:
    command: list[str | Path] = [_there(program), "--version"]
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
    own = {*SERVICE_CONFIG_COPIES, SERVICE_CONFIG_MODULE}
    folders = {name.parent for name in fresh if name not in own}
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
