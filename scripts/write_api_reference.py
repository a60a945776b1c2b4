"""Write the reference of the contract, or check it: `docs/api-reference.md`.

`make generate` writes it from the protos, their comments, and one real status per reason of an
error (`example_errors.py`); `--check` compares. Run as a module: `python -m`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from google.protobuf import descriptor_pb2, json_format
from google.rpc.status_pb2 import Status
from scripts.example_errors import NEVER_RECEIVED, example_statuses

from llmrouter.v1 import errors_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PAGE = ROOT / "docs/api-reference.md"
PACKAGE = ".llmrouter.v1."
FILES = (
    "router_service",
    "catalogue_service",
    "prompt",
    "routing",
    "stream",
    "report",
    "explanation",
    "health",
    "errors",
)
"""In the order of the page; services first."""
TITLES = {
    "router_service": "Router service",
    "catalogue_service": "Catalogue service",
    "prompt": "Prompts and answers",
    "routing": "Routing options",
    "stream": "Events of streams",
    "report": "Reports",
    "explanation": "Explanations",
    "health": "Health of deployments",
    "errors": "Errors",
}
HEAD = """# API reference

The contract `llmrouter.v1`, generated from [its protos](../protos/llmrouter/v1).
[operations.md](operations.md#errors) says who can act on which error, and how errors are encoded.
"""

Place = tuple[int, ...]
"""The path of an element in its file, as `SourceCodeInfo` counts it."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check: bool = parser.parse_args().check
    fresh = page()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    if check:
        print(f"stale, run `make generate`:\n  {PAGE.relative_to(ROOT)}", file=sys.stderr)
        return 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


def page() -> str:
    """Return the page.

    Raises:
        KeyError: a reason has no example, or a file of the contract has no title.
    """
    files = {Path(file.name).stem: file for file in _described()}
    if files.keys() != set(FILES):
        raise KeyError(f"files of the contract: {sorted(files)}")
    lines = [HEAD]
    for name in FILES:
        lines += [f"## {TITLES[name]}\n", *_file(files[name])]
    return "\n".join([*lines, *_examples()]).rstrip() + "\n"


def _described() -> Iterable[descriptor_pb2.FileDescriptorProto]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "contract.binpb"
        protos = sorted((PROTOS / "llmrouter/v1").glob("*.proto"))
        options = (f"--proto_path={PROTOS}", "--include_source_info")
        subprocess.run(
            [sys.executable, "-m", "grpc_tools.protoc", *options, f"-o{target}", *protos],
            check=True,
        )
        return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes()).file


def _file(file: descriptor_pb2.FileDescriptorProto) -> Iterator[str]:
    comments = {
        tuple(location.path): _text(location.leading_comments)
        for location in file.source_code_info.location
    }
    for place, service in enumerate(file.service):
        yield f"### {service.name}\n\n{comments[6, place]}\n"
        yield "| method | request | response | |\n|---|---|---|---|"
        for number, method in enumerate(service.method):
            stream = "stream of " if method.server_streaming else ""
            request, response = _link(method.input_type), stream + _link(method.output_type)
            text = _cell(comments[6, place, 2, number])
            yield f"| `{method.name}` | {request} | {response} | {text} |"
        yield ""
    for place, message in enumerate(file.message_type):
        yield from _message(message, (4, place), comments)
    for place, enum in enumerate(file.enum_type):
        yield from _enum(enum, (5, place), comments)


def _message(
    message: descriptor_pb2.DescriptorProto,
    place: Place,
    comments: Mapping[Place, str],
    outer: str = "",
) -> Iterator[str]:
    if message.options.map_entry:
        return
    name = f"{outer}{message.name}"
    yield f"### {name}\n\n{comments.get(place, '')}\n"
    if message.field:
        entries = {each.name: each for each in message.nested_type if each.options.map_entry}
        yield "| field | type | |\n|---|---|---|"
        for number, field in enumerate(message.field):
            text = _cell(comments.get((*place, 2, number), ""))
            if field.HasField("oneof_index") and not field.proto3_optional:
                text = f"One of `{message.oneof_decl[field.oneof_index].name}`. {text}".rstrip()
            yield f"| `{field.name}` | {_type(field, entries)} | {text} |"
        yield ""
    for number, nested in enumerate(message.nested_type):
        yield from _message(nested, (*place, 3, number), comments, f"{name}.")
    for number, enum in enumerate(message.enum_type):
        yield from _enum(enum, (*place, 4, number), comments, f"{name}.")


def _enum(
    enum: descriptor_pb2.EnumDescriptorProto,
    place: Place,
    comments: Mapping[Place, str],
    outer: str = "",
) -> Iterator[str]:
    yield f"### {outer}{enum.name}\n\n{comments.get(place, '')}\n"
    yield "| value | number | |\n|---|---|---|"
    for number, value in enumerate(enum.value):
        text = _cell(comments.get((*place, 2, number), ""))
        yield f"| `{value.name}` | {value.number} | {text} |"
    yield ""


def _type(
    field: descriptor_pb2.FieldDescriptorProto,
    entries: Mapping[str, descriptor_pb2.DescriptorProto],
) -> str:
    entry = entries.get(field.type_name.rpartition(".")[2])
    if entry is not None:
        key, value = entry.field
        return f"map of {_type(key, {})} to {_type(value, {})}"
    kind = field.Type.Name(field.type).removeprefix("TYPE_").lower()
    name = _link(field.type_name) if field.type_name else f"`{kind}`"
    if field.label == field.LABEL_REPEATED:
        return f"list of {name}"
    return f"{name}, optional" if field.proto3_optional else name


def _link(type_name: str) -> str:
    if not type_name.startswith(PACKAGE):
        return f"`{type_name.removeprefix('.')}`"
    name = type_name.removeprefix(PACKAGE)
    return f"[{name}](#{name.replace('.', '').lower()})"


def _text(comment: str) -> str:
    """Return a comment with a line per sentence, as prose of this project breaks."""
    return re.sub(r"(?<=[a-z`)][.]) (?=[A-Z`])", "\n", " ".join(comment.split()))


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


def _examples() -> Iterator[str]:
    statuses = example_statuses()
    yield "## Examples of errors\n"
    yield "A status of each reason as the router encodes it.\n"
    yield "Those about attempts have a `RouteReport` as a further detail.\n"
    for value in errors_pb2.ErrorReason.DESCRIPTOR.values:
        if value.number in NEVER_RECEIVED:
            continue
        status = _json(statuses[errors_pb2.ErrorReason.Value(value.name)])
        yield f"### `{value.name.removeprefix('ERROR_REASON_')}`\n\n```json\n{status}\n```\n"


def _json(status: Status) -> str:
    """Return a status as JSON; the order of a map's entries would change from run to run."""
    entries = json_format.MessageToDict(status, preserving_proto_field_name=True)
    for detail in entries["details"]:
        if "metadata" in detail:
            detail["metadata"] = dict(sorted(detail["metadata"].items()))
    return json.dumps(entries, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
