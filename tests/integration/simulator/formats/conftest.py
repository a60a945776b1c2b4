"""The rig: a simulated provider of each wire format, asked and read byte by byte."""

# The SDK comes without types, or with types that are not whole.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer

from routersvc.simulator import (
    Behaviour,
    Constant,
    Effect,
    Fault,
    ProviderCharacter,
    SimulatedProvider,
    Simulator,
)

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Connect, RawAnswer

KEY = "AKIASIMULATED0123456"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_SIGNATURE = (
    f"AWS4-HMAC-SHA256 Credential={KEY}/20260314/us-east-1/bedrock/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)
_HELLO = "Hello there"

Json = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tongue:
    """How one wire format is spoken to, and what is looked for in what it says.

    The functions look into one event of a stream: for the text in it, for the reason why
    the answer ended, for the word of an error, for the arguments of a call; and into a
    whole unary body, for its text.
    """

    name: str
    paths: tuple[str, str]
    headers: Mapping[str, str]
    body: Json
    content: Callable[[Json], str | None]
    finish: Callable[[Json], str | None]
    ends: Callable[[Json], bool]
    error: Callable[[Json], str | None]
    text: Callable[[Json], str]
    tools: Json
    arguments: Callable[[Json], str | None]
    schema: Json
    stream_type: str
    streaming_in_body: bool = True

    def request(self, extra: Json, *, stream: bool) -> bytes:
        """Return a whole request; the connection is to close after it."""
        told = {"stream": True} if stream and self.streaming_in_body else {}
        body = orjson.dumps({**self.body, **told, **extra})
        headers = {
            "host": "simulator",
            "connection": "close",
            "content-length": str(len(body)),
            **self.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self.paths[stream]} HTTP/1.1\r\n{lines}\r\n".encode() + body

    def events(self, stream: bytes) -> list[Json]:
        """Return the events of a stream; those that are no JSON as `broken`."""
        if self.name == "bedrock_converse":
            return _frames(stream)
        events: list[Json] = []
        for block in stream.decode().replace("\r\n", "\n").split("\n\n"):
            lines = [line for line in block.split("\n") if line.startswith("data: ")]
            data = lines[0].removeprefix("data: ") if lines else block.strip()
            if not data or data.startswith(":"):
                continue
            events.append({"done": True} if data == "[DONE]" else _parsed(data))
        return events

    def texts(self, stream: bytes) -> list[str]:
        """Return the texts of a stream, those of tool calls' arguments left out."""
        found = [self.content(event) for event in self.events(stream)]
        return [text for text in found if text]

    def finishes(self, stream: bytes) -> list[str]:
        """Return the reasons why an answer ended."""
        return [reason for event in self.events(stream) if (reason := self.finish(event))]


def _parsed(data: str) -> Json:
    try:
        parsed: Json = json.loads(data)
    except json.JSONDecodeError:
        return {"broken": True}
    return parsed


def _frames(stream: bytes) -> list[Json]:
    """Return the events of an AWS event stream as Amazon's own parser reads them."""
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    events: list[Json] = []
    for message in buffer:
        headers = message.headers
        kind = headers.get(":event-type") or headers[":exception-type"]
        payload = _parsed(message.payload.decode())
        events.append(payload if "broken" in payload else {kind: payload})
    return events


def _at(value: Any, *steps: str | int) -> Any:  # noqa: ANN401 - JSON
    """Return what lies on a path into JSON; nothing where the path ends."""
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _openai_tongue(name: str, path: str, headers: Mapping[str, str]) -> Tongue:
    return Tongue(
        name=name,
        paths=(path, path),
        headers=headers,
        body={"model": "sim-large", "messages": [{"role": "user", "content": _HELLO}]},
        content=lambda event: _at(event, "choices", 0, "delta", "content"),
        finish=lambda event: _at(event, "choices", 0, "finish_reason"),
        ends=lambda event: "done" in event,
        error=lambda event: _at(event, "error", "code") or _at(event, "code"),
        text=lambda body: body["choices"][0]["message"]["content"],
        tools={
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
        },
        arguments=lambda event: _at(
            event, "choices", 0, "delta", "tool_calls", 0, "function", "arguments"
        ),
        schema={
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": SCHEMA},
            }
        },
        stream_type="text/event-stream; charset=utf-8",
    )


def _responses_tongue() -> Tongue:
    def content(event: Json) -> str | None:
        return event["delta"] if event.get("type") == "response.output_text.delta" else None

    def arguments(event: Json) -> str | None:
        kind = "response.function_call_arguments.delta"
        return event["delta"] if event.get("type") == kind else None

    return Tongue(
        name="openai_responses",
        paths=("/v1/responses", "/v1/responses"),
        headers={"authorization": f"Bearer {KEY}"},
        body={"model": "sim-large", "input": _HELLO},
        content=content,
        finish=lambda event: (
            _at(event, "response", "incomplete_details", "reason")
            or (_at(event, "response", "completed_at") and "completed")
        ),
        ends=lambda event: event.get("type") in ("response.completed", "response.incomplete"),
        error=lambda event: _at(event, "error", "code"),
        text=lambda body: body["output"][0]["content"][0]["text"] if body["output"] else "",
        tools={"tools": [{"type": "function", "name": "weather", "parameters": SCHEMA}]},
        arguments=arguments,
        schema={"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}},
        stream_type="text/event-stream; charset=utf-8",
    )


def _anthropic_tongue() -> Tongue:
    return Tongue(
        name="anthropic_messages",
        paths=("/v1/messages", "/v1/messages"),
        headers={"x-api-key": KEY, "anthropic-version": "2023-06-01"},
        body={
            "model": "sim-large",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": _HELLO}],
        },
        content=lambda event: _at(event, "delta", "text"),
        finish=lambda event: _at(event, "delta", "stop_reason"),
        ends=lambda event: event.get("type") == "message_stop",
        error=lambda event: _at(event, "error", "type"),
        text=lambda body: body["content"][0]["text"] if body["content"] else "",
        tools={"tools": [{"name": "weather", "input_schema": SCHEMA}]},
        arguments=lambda event: _at(event, "delta", "partial_json"),
        schema={"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        stream_type="text/event-stream; charset=utf-8",
    )


def _gemini_tongue() -> Tongue:
    def arguments(event: Json) -> str | None:
        steps = ("candidates", 0, "content", "parts", 0, "functionCall", "args")
        given = _at(event, *steps)
        return None if given is None else json.dumps(given)

    base = "/v1beta/models/sim-large:"
    function = {"name": "weather", "parametersJsonSchema": SCHEMA}
    config = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    return Tongue(
        name="gemini",
        paths=(f"{base}generateContent", f"{base}streamGenerateContent?alt=sse"),
        headers={"x-goog-api-key": KEY},
        body={"contents": [{"role": "user", "parts": [{"text": _HELLO}]}]},
        content=lambda event: _at(event, "candidates", 0, "content", "parts", 0, "text"),
        finish=lambda event: _at(event, "candidates", 0, "finishReason"),
        ends=lambda event: _at(event, "candidates", 0, "finishReason") is not None,
        error=lambda event: _at(event, "error", "status"),
        text=lambda body: _at(body, "candidates", 0, "content", "parts", 0, "text") or "",
        tools={"tools": [{"functionDeclarations": [function]}]},
        arguments=arguments,
        schema={"generationConfig": config},
        stream_type="text/event-stream",
        streaming_in_body=False,
    )


def _bedrock_tongue() -> Tongue:
    tool = {"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}
    schema = {"jsonSchema": {"name": "x", "schema": json.dumps(SCHEMA)}}
    return Tongue(
        name="bedrock_converse",
        paths=("/model/sim-large/converse", "/model/sim-large/converse-stream"),
        headers={"authorization": _SIGNATURE, "x-amz-date": "20260314T000000Z"},
        body={"messages": [{"role": "user", "content": [{"text": _HELLO}]}]},
        content=lambda event: _at(event, "contentBlockDelta", "delta", "text"),
        finish=lambda event: _at(event, "messageStop", "stopReason"),
        ends=lambda event: "metadata" in event,
        error=lambda event: next((kind for kind in event if kind.endswith("Exception")), None),
        text=lambda body: _at(body, "output", "message", "content", 0, "text") or "",
        tools={"toolConfig": {"tools": [tool]}},
        arguments=lambda event: _at(event, "contentBlockDelta", "delta", "toolUse", "input"),
        schema={"outputConfig": {"textFormat": {"type": "json_schema", "structure": schema}}},
        stream_type="application/vnd.amazon.eventstream",
        streaming_in_body=False,
    )


def _cohere_tongue() -> Tongue:
    return Tongue(
        name="cohere_chat",
        paths=("/v2/chat", "/v2/chat"),
        headers={"authorization": f"Bearer {KEY}"},
        body={"model": "sim-large", "messages": [{"role": "user", "content": _HELLO}]},
        content=lambda event: _at(event, "delta", "message", "content", "text"),
        finish=lambda event: _at(event, "delta", "finish_reason"),
        ends=lambda event: "done" in event,
        error=lambda event: _at(event, "delta", "error"),
        text=lambda body: _at(body, "message", "content", 0, "text") or "",
        tools={
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
        },
        arguments=lambda event: _at(
            event, "delta", "message", "tool_calls", "function", "arguments"
        ),
        schema={"response_format": {"type": "json_object", "json_schema": SCHEMA}},
        stream_type="text/event-stream",
    )


_AZURE = "/openai/deployments/sim-large/chat/completions?api-version=2024-10-21"
_SPOKEN = (
    _openai_tongue("openai_chat", "/v1/chat/completions", {"authorization": f"Bearer {KEY}"}),
    _responses_tongue(),
    _anthropic_tongue(),
    _gemini_tongue(),
    _openai_tongue("azure_openai", _AZURE, {"api-key": KEY}),
    _bedrock_tongue(),
    _cohere_tongue(),
    _openai_tongue("mistral_chat", "/v1/chat/completions", {"authorization": f"Bearer {KEY}"}),
)
TONGUES = {tongue.name: tongue for tongue in _SPOKEN}


@pytest.fixture(params=list(TONGUES))
def tongue(request: pytest.FixtureRequest) -> Tongue:
    """Each wire format, one after the other."""
    return TONGUES[request.param]


@pytest.fixture
async def simulator(tongue: Tongue) -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format=tongue.name,
        api_keys=(KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


class AskInTongue(Protocol):
    """Ask once, while a fault is active if one is given, and return what came over the wire."""

    async def __call__(
        self,
        effect: Effect | None = None,
        *,
        stream: bool = False,
        **extra: Any,  # noqa: ANN401 - a JSON body
    ) -> RawAnswer:
        """Ask with what is added to the body."""
        ...


@pytest.fixture
def ask(tongue: Tongue, alpha: SimulatedProvider, connect: Connect) -> AskInTongue:
    """Ask once, while a fault is active if one is given, and return what came over the wire."""

    async def asked(
        effect: Effect | None = None,
        *,
        stream: bool = False,
        **extra: Any,  # noqa: ANN401 - a JSON body
    ) -> RawAnswer:
        alpha.clear_faults()
        if effect is not None:
            alpha.inject(Fault(effect=effect, count=1))
        async with connect() as raw:
            await raw.send(tongue.request(extra, stream=stream))
            answer = await raw.answer()
        await alpha.settled()
        return answer

    return asked
