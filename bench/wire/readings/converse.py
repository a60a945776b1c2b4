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
from botocore.exceptions import EventStreamError
from botocore.parsers import EventStreamJSONParser, create_parser
from botocore.session import Session

from bench.wire.readings import (
    CALL,
    MEDIUM,
    TEXT,
    THOUGHT,
    Call,
    Cited,
    Counts,
    Expected,
    Failing,
    JsonObject,
    Medium,
    Ran,
    Reading,
    Record,
    UnknownRecordError,
    in_order,
    word_in,
)
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


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    if not record.streaming:
        parser: Any = create_parser("rest-json")
        parsed: JsonObject = parser.parse(
            {"body": record.body, "headers": record.headers, "status_code": 200},
            service().operation_model("Converse").output_shape,
        )
        blocks: list[JsonObject] = parsed["output"]["message"]["content"]
        return _reading(record, blocks, parsed.get("usage") or {}, parsed["stopReason"])
    usage: JsonObject = {}
    reason = ""
    open_blocks: dict[int, JsonObject] = {}
    shape = service().operation_model("ConverseStream").get_event_stream_output()
    stream = EventStream(_Raw(record.body), shape, EventStreamJSONParser(), "ConverseStream")
    try:
        for event in stream:
            (name, content), *_ = event.items()
            match name:
                case "contentBlockStart":
                    open_blocks[content["contentBlockIndex"]] = _begun(content["start"])
                case "contentBlockDelta":
                    block = open_blocks.setdefault(content["contentBlockIndex"], {})
                    _grow(block, content["delta"])
                case "messageStop":
                    reason = content["stopReason"]
                case "metadata":
                    usage = content["usage"]
                case _:
                    pass
    except EventStreamError as error:
        return Failing(reason=f"the stream holds the exception {error.response['Error']['Code']!r}")
    blocks = [open_blocks[index] for index in sorted(open_blocks)]
    return _reading(record, blocks, usage, reason)


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


def _begun(start: JsonObject) -> JsonObject:
    (kind, content), *_ = start.items()
    return {kind: {**content, "input": ""} if kind == "toolUse" else {**content}}


def _grow(block: JsonObject, delta: JsonObject) -> None:
    (kind, piece), *_ = delta.items()
    match kind:
        case "text":
            block["text"] = block.get("text", "") + piece
        case "toolUse":
            block["toolUse"]["input"] += piece["input"]
        case "toolResult":
            block["toolResult"].setdefault("content", []).extend(piece)
        case "citation":
            block.setdefault("cited", []).append(piece)
        case "reasoningContent":
            thought: JsonObject = block.setdefault("reasoningContent", {})
            if "redactedContent" in piece:
                thought["redactedContent"] = piece["redactedContent"]
            else:
                words = thought.setdefault("reasoningText", {"text": ""})
                for key in ("text", "signature"):
                    words[key] = words.get(key, "") + piece.get(key, "")
        case "image":
            block["image"]["source"] = piece["source"]
        case _:
            raise UnknownRecordError(f"a delta of the kind `{kind}`")


def _reading(
    record: Record, blocks: Sequence[JsonObject], usage: JsonObject, reason: str
) -> Reading:
    text, thoughts = "", ""
    signatures: list[str] = []
    sealed: list[str | JsonObject] = []
    calls: list[Call] = []
    media: list[Medium] = []
    kinds: list[str] = []
    cited: list[JsonObject] = []
    ran: list[Ran] = []
    for block in blocks:
        cited += block.get("cited", ())
        match block:
            case {"text": words}:
                text += words
                kinds += [TEXT] if words else []
            case {"citationsContent": content}:
                text += "".join(piece["text"] for piece in content["content"])
                cited += content["citations"]
                kinds.append(TEXT)
            case {"reasoningContent": {"reasoningText": thought}}:
                thoughts += thought["text"]
                signatures.append(thought.get("signature", ""))
                kinds += [THOUGHT] if thought["text"] else []
            case {"reasoningContent": {"redactedContent": data}}:
                sealed.append(data.decode("utf-8", "surrogateescape"))
                kinds.append(THOUGHT)
            case {"toolUse": call} if call.get("type") != "server_tool_use":
                arguments = call["input"]
                if isinstance(arguments, str):
                    arguments = json.loads(arguments or "{}")
                calls.append(
                    Call(call_id=call["toolUseId"], name=call["name"], arguments=arguments)
                )
                kinds.append(CALL)
            case {"image": image}:
                media.append(Medium(size=len(image["source"]["bytes"])))
                kinds.append(MEDIUM)
            case _ if block.keys() <= {"cited"}:
                pass
            case _:
                sealed.append(_as_sent(block))
                kinds.append(THOUGHT)
                ran.append(_ran(_as_sent(block)))
    finish = word_in(_REASONS, reason)
    return Reading(
        judge=JUDGE,
        text=text,
        thoughts=thoughts,
        calls=tuple(calls),
        media=tuple(media),
        order=in_order(kinds),
        finish=FinishReason.TOOL_CALLS if calls and finish is FinishReason.STOP else finish,
        counts=_counts(usage),
        answer_id=record.headers.get("x-amzn-requestid", ""),
        signatures=tuple(filter(None, signatures)),
        sealed=tuple(sealed),
        citations=tuple(map(_cited, cited)),
        ran=tuple(ran),
    )


def _ran(block: JsonObject) -> Ran:
    """Return what a block says that a tool of Amazon did."""
    match block:
        case {"toolUse": call}:
            asked = call["input"].get("snippet") or call["input"].get("query") or ""
            return Ran(call_id=call["toolUseId"], asked=(asked,) if asked else ())
        case {"toolResult": result}:
            told = [
                one.get("text") or one.get("json", {}).get("stdOut") for one in result["content"]
            ]
            return Ran(call_id=result["toolUseId"], output="\n".join(filter(None, told)))
        case _:
            raise UnknownRecordError(f"a block of the kinds {sorted(block)}")


def _as_sent(block: JsonObject) -> JsonObject:
    """Return the block of a tool that Amazon runs with its input as JSON, as it goes back."""
    match block:
        case {"toolUse": {"input": str(written)} as call}:
            return {"toolUse": {**call, "input": json.loads(written or "{}")}}
        case _:
            return block


def _counts(usage: JsonObject) -> Counts | None:
    """Return the counts; some models count cached tokens among the others, as the total shows."""
    if not usage:
        return None
    return Counts(
        taken=usage["totalTokens"] - usage["outputTokens"],
        given=usage["outputTokens"],
        cached=usage.get("cacheReadInputTokens", 0),
        written=usage.get("cacheWriteInputTokens", 0),
        written_for_an_hour=sum(
            one["inputTokens"] for one in usage.get("cacheDetails") or () if one["ttl"] == "1h"
        ),
    )


def _cited(citation: JsonObject) -> Cited:
    title = citation.get("title", "")
    place: JsonObject = citation.get("location", {}).get("web", {})
    return Cited(source=place.get("url") or citation.get("source") or title, title=title)
