"""Converse and ConverseStream: read by botocore's own parsers from the same bytes."""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import botocore
from botocore.eventstream import EventStream
from botocore.parsers import EventStreamJSONParser, create_parser
from botocore.session import Session

from bench.wire.readings import Call, Expected, JsonObject, Reading, Record
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

JUDGE = f"botocore {botocore.__version__}"

EXPECTED: Mapping[str, Expected] = {
    "bedrock/basic/converse.unary.should-handle-empty-minimal-response.a648c02d.json": Expected(
        failure_class=FailureClass.BAD_ANSWER,
        reason="the model said nothing at all, which is no answer",
    ),
}

_REASONS: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "guardrail_intervened": FinishReason.CONTENT_FILTER,
}


def read(record: Record) -> Reading:
    """Return what an answer says."""
    if not record.streaming:
        parser: Any = create_parser("rest-json")
        parsed: JsonObject = parser.parse(
            {"body": record.body, "headers": record.headers, "status_code": 200},
            service().operation_model("Converse").output_shape,
        )
        blocks: list[JsonObject] = parsed["output"]["message"]["content"]
        return _reading(blocks, parsed.get("usage") or {}, parsed["stopReason"])
    usage: JsonObject = {}
    reason = ""
    open_blocks: dict[int, JsonObject] = {}
    shape = service().operation_model("ConverseStream").get_event_stream_output()
    stream = EventStream(_Raw(record.body), shape, EventStreamJSONParser(), "ConverseStream")
    for event in stream:
        (name, content), *_ = event.items()
        match name:
            case "contentBlockStart":
                start: JsonObject = dict(content["start"]["toolUse"])
                open_blocks[content["contentBlockIndex"]] = {"toolUse": {**start, "input": ""}}
            case "contentBlockDelta":
                _grow(open_blocks.setdefault(content["contentBlockIndex"], {}), content["delta"])
            case "messageStop":
                reason = content["stopReason"]
            case "metadata":
                usage = content["usage"]
            case _:
                pass
    return _reading([open_blocks[index] for index in sorted(open_blocks)], usage, reason)


@functools.cache
def service() -> Any:  # noqa: ANN401 - botocore comes without types
    """Return what botocore knows of Bedrock's runtime."""
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


def _reading(blocks: Sequence[JsonObject], usage: JsonObject, reason: str) -> Reading:
    text, thoughts = "", ""
    signatures: list[str] = []
    sealed: list[str] = []
    calls: list[Call] = []
    for block in blocks:
        match block:
            case {"text": words}:
                text += words
            case {"citationsContent": cited}:
                text += "".join(piece["text"] for piece in cited["content"])
            case {"reasoningContent": {"reasoningText": thought}}:
                thoughts += thought["text"]
                signatures.append(thought.get("signature", ""))
            case {"reasoningContent": {"redactedContent": data}}:
                sealed.append(data.decode("latin-1"))
            case {"toolUse": call} if call.get("type") != "server_tool_use":
                arguments = call["input"]
                if isinstance(arguments, str):
                    arguments = json.loads(arguments)
                calls.append(
                    Call(call_id=call["toolUseId"], name=call["name"], arguments=arguments)
                )
            case _ if not block:
                pass
            case _:
                sealed.append(next(iter(block)))
    return Reading(
        judge=JUDGE,
        text=text,
        thoughts=thoughts,
        calls=tuple(calls),
        finish=_REASONS[reason],
        usage=(usage["totalTokens"] - usage["outputTokens"], usage["outputTokens"], 0)
        if usage
        else None,
        signatures=tuple(sorted(filter(None, signatures))),
        sealed=tuple(sealed),
        cached=(usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0))
        if usage
        else None,
    )
