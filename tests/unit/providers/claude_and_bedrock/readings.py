"""What recorded answers say by the vendors' own SDKs: anthropic's client and botocore's parsers."""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import base64
import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
from botocore.eventstream import EventStream
from botocore.parsers import EventStreamJSONParser, create_parser
from botocore.session import Session

from routersvc.domain.answers import FinishReason, Usage
from routersvc.domain.collecting import Answer
from routersvc.domain.prompts import Text, Thought, ToolCall

if TYPE_CHECKING:
    from tests.unit.providers.claude_and_bedrock.conftest import Exchange

JsonObject = dict[str, Any]

_REASONS: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.REFUSAL,
    "guardrail_intervened": FinishReason.CONTENT_FILTER,
}


@dataclasses.dataclass(kw_only=True)
class Reading:
    """What an answer says. `kept` are the kinds of the blocks that only the vendor understands."""

    text: str = ""
    thoughts: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    redacted: list[bytes] = dataclasses.field(default_factory=list)
    calls: list[tuple[str, str, object]] = dataclasses.field(default_factory=list)
    kept: list[str] = dataclasses.field(default_factory=list)
    reason: FinishReason | None = None
    usage: Usage | None = None


def adapters_reading(answer: Answer) -> Reading:
    """Return what the adapter has read."""
    reading = Reading(reason=answer.finish.reason, usage=answer.usage)
    for part in answer.parts:
        match part:
            case Text():
                reading.text += part.text
            case Thought() if part.encrypted.startswith(b"{"):
                block: JsonObject = json.loads(part.encrypted)
                reading.kept.append(block.get("type") or next(iter(block)))
            case Thought() if part.encrypted:
                reading.redacted.append(part.encrypted)
            case Thought():
                reading.thoughts.append((part.text, part.signature.decode()))
            case ToolCall():
                reading.calls.append((part.call_id, part.name, json.loads(part.arguments_json)))
            case _:
                pass
    return reading


def independent_reading(exchange: Exchange) -> Reading:
    """Return what the vendor's own SDK reads of the same bytes."""
    if exchange.provider == "bedrock":
        return _converse(exchange)
    return _messages(exchange)


# ---- anthropic ------------------------------------------------------------------


def _messages(exchange: Exchange) -> Reading:
    content_type = exchange.head.content_type

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": content_type}, content=exchange.body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with anthropic.Anthropic(api_key="k", http_client=http, max_retries=0) as client:
        asked: Any = {"max_tokens": 1, "model": "m", "messages": [{"role": "user", "content": "?"}]}
        if exchange.streaming:
            with client.messages.stream(**asked) as stream:
                message = stream.get_final_message()
        else:
            message = client.messages.create(**asked)
    reading = Reading(reason=_REASONS[str(message.stop_reason)], usage=_usage(message.usage))
    for block in message.content:
        content: Any = block
        match block.type:
            case "text":
                reading.text += content.text
            case "thinking":
                signature: str = getattr(content, "signature", None) or ""
                reading.thoughts.append((content.thinking, signature))
            case "redacted_thinking":
                reading.redacted.append(content.data.encode())
            case "tool_use":
                reading.calls.append((content.id, content.name, content.input))
            case _:
                reading.kept.append(block.type)
    if reading.calls and reading.reason is FinishReason.STOP:
        reading.reason = FinishReason.TOOL_CALLS
    return reading


def _usage(usage: anthropic.types.Usage) -> Usage:
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return Usage(
        input_tokens=usage.input_tokens + read + written,
        output_tokens=usage.output_tokens,
        cached_input_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=0 if details is None else details.thinking_tokens,
    )


# ---- bedrock --------------------------------------------------------------------


@functools.cache
def _service() -> Any:  # noqa: ANN401 - botocore comes without types
    return Session().get_service_model("bedrock-runtime")


class _Raw:
    """What botocore reads an event stream from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self._body

    def close(self) -> None:
        """Do nothing."""


def _converse(exchange: Exchange) -> Reading:
    blocks: list[JsonObject] = []
    usage: JsonObject = {}
    reason = ""
    if exchange.streaming:
        shape = _service().operation_model("ConverseStream").get_event_stream_output()
        stream = EventStream(_Raw(exchange.body), shape, EventStreamJSONParser(), "ConverseStream")
        open_blocks: dict[int, JsonObject] = {}
        for event in stream:
            (name, content), *_ = event.items()
            match name:
                case "contentBlockStart":
                    start: JsonObject = dict(content["start"]["toolUse"])
                    open_blocks[content["contentBlockIndex"]] = {"toolUse": {**start, "input": ""}}
                case "contentBlockDelta":
                    block = open_blocks.setdefault(content["contentBlockIndex"], {})
                    _grow(block, content["delta"])
                case "messageStop":
                    reason = content["stopReason"]
                case "metadata":
                    usage = content["usage"]
                case _:
                    pass
        blocks = [open_blocks[index] for index in sorted(open_blocks)]
    else:
        parser: Any = create_parser("rest-json")
        parsed: JsonObject = parser.parse(
            {"body": exchange.body, "headers": exchange.head.headers, "status_code": 200},
            _service().operation_model("Converse").output_shape,
        )
        blocks = parsed["output"]["message"]["content"]
        usage, reason = parsed.get("usage") or {}, parsed["stopReason"]
    return _reading_of(blocks, usage, reason)


def _grow(block: JsonObject, delta: JsonObject) -> None:
    (kind, piece), *_ = delta.items()
    match kind:
        case "text":
            block["text"] = block.get("text", "") + piece
        case "toolUse":
            block["toolUse"]["input"] += piece["input"]
        case "reasoningContent":
            thought: JsonObject = block.setdefault("reasoningContent", {})
            if "redactedContent" in piece:
                thought["redactedContent"] = piece["redactedContent"]
            else:
                words = thought.setdefault("reasoningText", {"text": ""})
                for key in ("text", "signature"):
                    words[key] = words.get(key, "") + piece.get(key, "")
        case _:
            pass


def _reading_of(blocks: list[JsonObject], usage: JsonObject, reason: str) -> Reading:
    reading = Reading(reason=_REASONS[reason])
    if usage:
        read = usage.get("cacheReadInputTokens", 0)
        written = usage.get("cacheWriteInputTokens", 0)
        reading.usage = Usage(
            input_tokens=usage["totalTokens"] - usage["outputTokens"],
            output_tokens=usage["outputTokens"],
            cached_input_tokens=read,
            cache_write_tokens=written,
        )
    for block in blocks:
        match block:
            case {"text": text}:
                reading.text += text
            case {"citationsContent": cited}:
                reading.text += "".join(piece["text"] for piece in cited["content"])
            case {"reasoningContent": {"reasoningText": thought}}:
                reading.thoughts.append((thought["text"], thought.get("signature", "")))
            case {"reasoningContent": {"redactedContent": data}}:
                reading.redacted.append(data)
            case {"toolUse": call} if call.get("type") != "server_tool_use":
                arguments = call["input"]
                if isinstance(arguments, str):
                    arguments = json.loads(arguments)
                reading.calls.append((call["toolUseId"], call["name"], arguments))
            case _ if not block:
                pass
            case _:
                reading.kept.append(next(iter(block)))
    return reading


def base64_of(data: bytes) -> str:
    """Return bytes as JSON carries them."""
    return base64.b64encode(data).decode("ascii")
