"""Values and recordings that the tests of providers share."""

from __future__ import annotations

import base64
import csv
import dataclasses
import functools
import json
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from routersvc.domain.catalogue import Deployment, Model, Provider
from routersvc.domain.prompts import (
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Prompt,
    ResponseFormat,
    Role,
    Text,
)
from routersvc.drills.virtual_time import VirtualTimeLoop
from routersvc.engine.ports import AttemptCall
from routersvc.providers.openai_chat.dialects import DIALECTS, OpenAiDialect
from routersvc.providers.openai_chat.wire import OpenAiChat
from routersvc.providers.wire_format import ResponseHead

MakeCall = Callable[..., AttemptCall]
JsonObject = dict[str, Any]

_GENERIC = DIALECTS["generic"]
_DIALECTS: Mapping[str, OpenAiDialect] = {
    **DIALECTS,
    "azure": DIALECTS["openai"],
    "gpustack": dataclasses.replace(_GENERIC, terminator_required=False),
    "snowflake": dataclasses.replace(_GENERIC, finish_reason_required=False),
}
"""What the providers of the recordings speak, where it is not the generic dialect."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recording:
    """One recorded exchange with a provider that speaks chat completions."""

    file: str
    provider: str
    streaming: bool
    head: ResponseHead
    body: bytes = dataclasses.field(repr=False)
    request: JsonObject = dataclasses.field(repr=False)

    @property
    def wire_format(self) -> OpenAiChat:
        """The format that the provider speaks."""
        return OpenAiChat(_DIALECTS.get(self.provider, _GENERIC))

    @property
    def call(self) -> AttemptCall:
        """The call that might have led to this exchange, as far as the reading depends on it."""
        return make_call_(streaming=self.streaming, response_format=_response_format(self.request))

    @property
    def chunks(self) -> Sequence[JsonObject]:
        """The body's JSON, read without the code under test."""
        text = self.body.decode()
        if not self.streaming:
            return [json.loads(text)]
        payloads = [
            line.removeprefix("data:").strip()
            for line in text.replace("\r\n", "\n").split("\n")
            if line.startswith("data:")
        ]
        return [json.loads(payload) for payload in payloads if payload and payload != "[DONE]"]


def make_call_(
    *,
    streaming: bool = False,
    zero_data_retention: bool = False,
    no_training: bool = False,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    connect_timeout: float = 2.0,
    wire_model: str = "large-2026-01",
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> AttemptCall:
    """Return a call of which only what matters has to be said."""
    prompt.setdefault("messages", (Message(role=Role.USER, parts=(Text(text="Hello"),)),))
    return AttemptCall(
        deployment=Deployment(
            name="acme-large",
            provider=Provider(name="acme", wire_format="openai_chat"),
            model=Model(name="large", context_window=8192),
            wire_model=wire_model,
            credential="acme-key",
        ),
        prompt=Prompt(**prompt),
        streaming=streaming,
        connect_timeout=connect_timeout,
        timeout=timeout,
        headers=headers or {},
        zero_data_retention=zero_data_retention,
        no_training=no_training,
    )


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Make every loop of these tests a virtual one: they wait without waiting."""
    del config, item
    return {"virtual time": VirtualTimeLoop}


@pytest.fixture(scope="session")
def make_call() -> MakeCall:
    """Return a maker of calls."""
    return make_call_


@pytest.fixture(scope="session")
def answers_by_provider(shared: Path) -> Mapping[str, Sequence[Recording]]:
    """Return every recorded success, by provider."""
    recordings: dict[str, list[Recording]] = {}
    with (shared / "wire/MANIFEST.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["api"] == "chat_completions" and row["status"].startswith("2"):
                recording = read_recording(shared / "wire", row["file"])
                if recording is not None:
                    recordings.setdefault(recording.provider, []).append(recording)
    return recordings


ReadRecording = Callable[[str], "Recording | None"]


@pytest.fixture(scope="session")
def recorded(shared: Path) -> ReadRecording:
    """Return a reader of single recordings."""
    return functools.partial(read_recording, shared / "wire")


def read_recording(folder: Path, file: str) -> Recording | None:
    """Return a recording; `None` where its body was left out for its size."""
    exchange: JsonObject = json.loads((folder / file).read_text())
    response: JsonObject = exchange["response"]
    streaming = exchange["streaming"] in {True, "yes"}
    raw: JsonObject = response.get("headers") or {}
    headers = {name.lower(): str(value) for name, value in raw.items()}
    body = _body(response, streaming=streaming)
    if body is None:
        return None
    if response["status"] == 200:
        headers.setdefault("content-type", "text/event-stream" if streaming else "application/json")
    request: Any = exchange["request"].get("json")
    return Recording(
        file=file,
        provider=exchange["provider"],
        streaming=streaming,
        head=ResponseHead(status=response["status"], headers=headers, received_at=1_790_000_000.0),
        body=body,
        request=cast("JsonObject", request) if isinstance(request, dict) else {},
    )


def _body(response: JsonObject, *, streaming: bool) -> bytes | None:
    """Put together what the recorder has taken apart."""
    if "json" in response:
        value: JsonObject = response["json"]
        if value.get("category") == "provider_sdk":
            value = {"error": value["body"]}  # an SDK's exception holds the error itself
        return json.dumps(value).encode()
    if "chunks" in response:
        return "".join(f"data: {chunk}\n\n" for chunk in response["chunks"]).encode() + (
            b"data: [DONE]\n\n"
        )
    text: str = response["text"]
    if text.startswith("<elided"):
        return None
    if text and not text.lstrip("\ufeff \r\n").startswith(("data", "{", ":", "event", "<")):
        text = base64.b64decode(text).decode()
    if streaming and text.rstrip().endswith("[DONE]"):
        text = text.rstrip() + "\n\n"  # a recorder stripped it
    return text.encode()


def _response_format(request: JsonObject) -> ResponseFormat | None:
    wanted: JsonObject = request.get("response_format") or {}
    match wanted.get("type"):
        case "json_object":
            return JsonObjectFormat()
        case "json_schema":
            return JsonSchemaFormat(name="any", json_schema="{}")
        case _:
            return None
