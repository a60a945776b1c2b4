"""Recordings of those who speak Anthropic's Messages, and of AWS Bedrock's Converse."""

from __future__ import annotations

import base64
import csv
import dataclasses
import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from routersvc.domain.prompts import JsonSchemaFormat
from routersvc.engine.ports import AttemptCall
from routersvc.providers.anthropic_messages.dialects import DIALECTS
from routersvc.providers.anthropic_messages.wire import AnthropicMessages
from routersvc.providers.bedrock_converse.wire import BedrockConverse
from routersvc.providers.wire_format import ResponseHead, WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]

_FORMATS: Mapping[tuple[str, str], WireFormat] = {
    ("anthropic", "messages"): AnthropicMessages(DIALECTS["anthropic"]),
    ("ollama", "messages"): AnthropicMessages(DIALECTS["ollama"]),
    ("vertex", "vertex_raw_predict"): AnthropicMessages(DIALECTS["vertex"]),
    ("bedrock", "converse"): BedrockConverse(),
}
_ERRORS: Mapping[str, WireFormat] = {
    "anthropic": AnthropicMessages(DIALECTS["anthropic"]),
    "bedrock": BedrockConverse(),
}
EVENT_STREAM = "application/vnd.amazon.eventstream"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange:
    """One recorded exchange."""

    file: str
    provider: str
    kind: str
    streaming: bool
    wire_format: WireFormat
    call: AttemptCall
    head: ResponseHead
    body: bytes = dataclasses.field(repr=False)
    url: str
    request: JsonObject | None = dataclasses.field(repr=False)


ReadExchange = Callable[[str], Exchange]


@pytest.fixture(scope="session")
def read_exchange(shared: Path, make_call: MakeCall) -> ReadExchange:
    """Return a reader of single exchanges, by file."""

    def read(file: str) -> Exchange:
        return _read(shared / "wire", file, make_call)

    return read


@pytest.fixture(scope="session")
def answers(shared: Path, read_exchange: ReadExchange) -> Sequence[Exchange]:
    """Return every recorded success but those whose body was left out for its size."""
    with (shared / "wire/MANIFEST.csv").open(newline="") as manifest:
        found = [
            read_exchange(row["file"])
            for row in csv.DictReader(manifest)
            if (row["provider"], row["api"]) in _FORMATS
            and row["status"] == "200"
            and row["kind"] != "error_in_200"
        ]
    return [exchange for exchange in found if not exchange.body.startswith(b"<elided")]


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return one message of AWS's event streams, with text for headers."""
    encoded = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", 7, len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", len(encoded) + len(payload) + 16, len(encoded))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", zlib.crc32(message))


def event_frame(name: str, payload: JsonObject) -> bytes:
    """Return an event of AWS's event streams."""
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(headers, json.dumps(payload).encode())


def _read(folder: Path, file: str, make_call: MakeCall) -> Exchange:
    exchange: JsonObject = json.loads((folder / file).read_text())
    response: JsonObject = exchange["response"]
    streaming = exchange["streaming"] in {True, "yes"}
    provider: str = exchange["provider"]
    wire_format = _FORMATS.get((provider, exchange["api"])) or _ERRORS[provider]
    recorded: JsonObject = response.get("headers") or {}
    headers = {name.lower(): str(value) for name, value in recorded.items()}
    headers.pop("content-encoding", None)  # the recorder has undone it
    if streaming and response["status"] == 200:
        headers["content-type"] = EVENT_STREAM if provider == "bedrock" else "text/event-stream"
    headers.setdefault("content-type", "application/json")
    asked: JsonObject = exchange.get("request") or {}
    content: Any = asked.get("json")
    request = cast("JsonObject", content) if isinstance(content, dict) else None
    return Exchange(
        file=file,
        provider=provider,
        kind=exchange["kind"],
        streaming=streaming,
        wire_format=wire_format,
        call=make_call(streaming=streaming, response_format=_response_format(request or {})),
        head=ResponseHead(status=response["status"], headers=headers, received_at=1_790_000_000.0),
        body=_body(response, provider),
        url=asked.get("url") or "",
        request=request,
    )


def _body(response: JsonObject, provider: str) -> bytes:
    """Put together what the recorder has taken apart."""
    if "json" in response:
        return json.dumps(response["json"]).encode()
    if "base64" in response:
        return base64.b64decode(response["base64"])
    if "text" in response:
        text: str = response["text"]
        if not text.startswith(("event", "data", "{", "<")):
            return base64.b64decode(text)
        # Some test data has lost the empty line that ends the last event.
        return (text + "\n" if text.endswith("}\n") else text).encode()
    chunks: Iterable[str] = response["chunks"]
    if provider == "bedrock":
        return b"".join(
            event_frame(name, payload)
            for chunk in chunks
            for name, payload in json.loads(chunk).items()
        )
    pieces: list[Any] = [json.loads(chunk) for chunk in chunks]
    if isinstance(pieces[0], str):
        return "\n".join([*pieces, "", ""]).encode()  # kept line by line
    return "".join(
        f"event: {piece['type']}\ndata: {json.dumps(piece)}\n\n" for piece in pieces
    ).encode()


def _response_format(request: JsonObject) -> JsonSchemaFormat | None:
    """Say that JSON was promised, where it was."""
    output: JsonObject = request.get("output_config") or request.get("outputConfig") or {}
    if request.get("output_format") or output.get("format") or output.get("textFormat"):
        return JsonSchemaFormat(name="any", json_schema="{}")
    return None
