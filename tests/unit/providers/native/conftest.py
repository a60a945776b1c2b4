"""Recordings of vendors that have a wire format of their own: Google, Cohere, Ollama."""

from __future__ import annotations

import base64
import csv
import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from routersvc.domain.prompts import JsonSchemaFormat
from routersvc.engine.ports import AttemptCall
from routersvc.providers.cohere_chat.wire import CohereChat
from routersvc.providers.gemini.dialects import DIALECTS
from routersvc.providers.gemini.wire import Gemini
from routersvc.providers.ollama_chat.wire import OllamaChat
from routersvc.providers.wire_format import ResponseHead, WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]

_ELIDED = re.compile(r"<elided base64 [^>]*>")
_WORDS = re.compile(r"_([a-z])")
_MODEL = re.compile(r"/models/([^:?]+)")
_FORMATS: Mapping[str, WireFormat] = {
    "gemini": Gemini(DIALECTS["gemini"]),
    "vertex": Gemini(DIALECTS["vertex"]),
    "cohere": CohereChat(),
    "ollama": OllamaChat(),
}
_APIS = frozenset({"generate_content", "chat_v2", "ollama_chat"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class NativeRecording:
    """One recorded exchange. `chunks` is the body's JSON, read without the code under test."""

    file: str
    provider: str
    kind: str
    streaming: bool
    wire_format: WireFormat
    call: AttemptCall
    head: ResponseHead
    body: bytes = dataclasses.field(repr=False)
    chunks: Sequence[JsonObject] = dataclasses.field(repr=False)
    model: str
    request: JsonObject | None = dataclasses.field(repr=False)

    @property
    def is_stream(self) -> bool:
        """Whether the body comes in pieces that are read one by one."""
        return self.streaming and "json" not in self.head.content_type.removesuffix("x-ndjson")


ReadNative = Callable[[str], "NativeRecording | None"]


@pytest.fixture(scope="session")
def native(shared: Path, make_call: MakeCall) -> ReadNative:
    """Return a reader of single recordings, by file."""

    def read(file: str) -> NativeRecording | None:
        return read_native(shared / "wire", file, make_call)

    return read


@pytest.fixture(scope="session")
def native_answers(shared: Path, native: ReadNative) -> Mapping[str, Sequence[NativeRecording]]:
    """Return every recorded success, by provider."""
    recordings: dict[str, list[NativeRecording]] = {}
    with (shared / "wire/MANIFEST.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            is_native = row["provider"] in _FORMATS and row["api"] in _APIS
            if is_native and row["status"] == "200":
                recording = native(row["file"])
                if recording is not None:
                    recordings.setdefault(recording.provider, []).append(recording)
    return recordings


def read_native(folder: Path, file: str, make_call: MakeCall) -> NativeRecording | None:
    """Return a recording; `None` where its body was left out for its size."""
    exchange: JsonObject = json.loads((folder / file).read_text())
    if isinstance(exchange["request"].get("json"), dict):
        exchange["request"]["json"] = json.loads(_restored(json.dumps(exchange["request"]["json"])))
    response: JsonObject = exchange["response"]
    streaming = bool(exchange["streaming"])
    provider: str = exchange["provider"]
    raw: JsonObject = response.get("headers") or {}
    headers = {name.lower(): str(value) for name, value in raw.items()}
    lines = provider == "ollama" and streaming
    body = _body(response, lines=lines)
    if body is None:
        return None
    if streaming and response["status"] == 200:
        usual = "application/x-ndjson" if lines else "text/event-stream"
        if lines or "content-type" not in headers:
            headers["content-type"] = usual
    headers.setdefault("content-type", "application/json")
    request: Any = exchange["request"].get("json")
    asked = cast("JsonObject", request) if isinstance(request, dict) else None
    return NativeRecording(
        file=file,
        provider=provider,
        kind=exchange["kind"],
        streaming=streaming,
        wire_format=_FORMATS[provider],
        call=_call(asked or {}, make_call, streaming=streaming),
        head=ResponseHead(status=response["status"], headers=headers, received_at=1_790_000_000.0),
        body=body,
        chunks=_chunks(body),
        model=_MODEL.findall(exchange["request"]["url"] + "/models/none:")[0],
        request=asked,
    )


def _call(request: JsonObject, make_call: MakeCall, *, streaming: bool) -> AttemptCall:
    """Return the call that might have led to an exchange, as far as the reading depends on it."""
    generation: JsonObject = request.get("generationConfig") or {}
    wants_json = generation.get("responseMimeType") == "application/json" or bool(
        request.get("format") or request.get("response_format")
    )
    return make_call(
        streaming=streaming,
        response_format=(JsonSchemaFormat(name="any", json_schema="{}") if wants_json else None),
        logprobs=2 if generation.get("responseLogprobs") else None,
    )


def _body(response: JsonObject, *, lines: bool) -> bytes | None:
    """Put together what the recorder has taken apart, with short media for those left out."""
    if "json" in response:
        return _restored(json.dumps(response["json"]))
    if "chunks" in response:
        payloads: list[str] = [
            chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in response["chunks"]
        ]
        if "sdk_http_response" in payloads[0]:
            payloads = [json.dumps(_as_on_the_wire(json.loads(payload))) for payload in payloads]
        frame = "{}\n" if lines else "data: {}\n\n"
        return _restored("".join(frame.format(payload) for payload in payloads))
    text: str = response["text"]
    if text.startswith("<elided"):
        return None
    if not text.lstrip("\ufeff \r\n").startswith(("data", "{", "[", ":", "event")):
        text = base64.b64decode(text).decode()
    if text.startswith(("data", "event")) and not text.endswith(("\n\n", "\r\n\r\n")):
        text = text.rstrip() + "\n\n"  # whoever wrote it down has cut the last line end off
    return _restored(text)


def _restored(text: str) -> bytes:
    return _ELIDED.sub("AAAA", text).encode()


def _as_on_the_wire(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return what an SDK of Python has written in its own spelling in Google's."""
    if isinstance(value, list):
        return [_as_on_the_wire(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        _WORDS.sub(lambda match: match[1].upper(), name): (
            item if name == "args" else _as_on_the_wire(item)
        )
        for name, item in cast("JsonObject", value).items()
        if name != "sdk_http_response"
    }


def _chunks(body: bytes) -> Sequence[JsonObject]:
    text = body.decode().replace("\r\n", "\n")
    try:
        whole: Any = json.loads(text)
    except ValueError:
        pass
    else:
        return cast("list[JsonObject]", whole) if isinstance(whole, list) else [whole]
    payloads = [line.removeprefix("data:").strip() for line in text.split("\n")]
    return [json.loads(payload) for payload in payloads if payload.startswith('{"')]
