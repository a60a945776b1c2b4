"""Anthropic's Messages: read by Anthropic's own client from the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import anthropic
import httpx2

from bench.wire.readings import (
    CALL,
    REFUSAL,
    TEXT,
    THOUGHT,
    Call,
    Cited,
    Counts,
    Failing,
    JsonObject,
    Ran,
    Reading,
    Record,
    in_order,
    word_in,
)
from bench.wire.traffic.events import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason

JUDGE = f"anthropic SDK {anthropic.__version__}"

_REASONS: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.REFUSAL,
}
_KINDS = {"text": TEXT, "tool_use": CALL}


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    if record.streaming and any(one.get("type") == "error" for one in payloads(record.body)):
        return Failing(reason="the stream holds an error")
    message = _message(record)
    texts: list[str] = []
    thoughts: list[str] = []
    signatures: list[str] = []
    sealed: list[str | JsonObject] = []
    calls: list[Call] = []
    kinds: list[str] = []
    citations: list[Cited] = []
    ran: list[Ran] = []
    blocks = _blocks(record)
    for place, block in enumerate(message.content):
        content: Any = block
        has_content = True
        match block.type:
            case "text":
                texts.append(content.text)
                has_content = bool(content.text)
                citations += [_cited(one) for one in getattr(content, "citations", None) or ()]
            case "thinking":
                thoughts.append(content.thinking)
                signatures.append(getattr(content, "signature", None) or "")
                has_content = bool(content.thinking)
            case "redacted_thinking":
                sealed.append(content.data)
            case "tool_use":
                calls.append(Call(call_id=content.id, name=content.name, arguments=content.input))
                caller: Any = getattr(content, "caller", None)
                if caller is not None and caller.type != "direct":
                    signatures.append(caller.type)
            case _:
                sealed.append(blocks[place])
                if block.type.endswith(("_tool_use", "_tool_result")):
                    ran.append(_ran(blocks[place]))
        if has_content:
            kinds.append(_KINDS.get(block.type, THOUGHT))
    finish = word_in(_REASONS, message.stop_reason)
    refused: Any = getattr(message, "stop_details", None)
    usage = message.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details, kept = usage.output_tokens_details, usage.cache_creation
    refusal: str = getattr(refused, "explanation", None) or ""
    return Reading(
        judge=JUDGE,
        text="".join(texts),
        thoughts="".join(thoughts),
        refusal=refusal,
        calls=tuple(calls),
        order=in_order([*kinds, *([REFUSAL] if refusal else [])]),
        finish=FinishReason.TOOL_CALLS if calls and finish is FinishReason.STOP else finish,
        stop_sequence=message.stop_sequence or "",
        counts=Counts(
            taken=usage.input_tokens + cached + written,
            given=usage.output_tokens,
            thinking=0 if details is None else details.thinking_tokens,
            cached=cached,
            written=written,
            written_for_an_hour=0 if kept is None else kept.ephemeral_1h_input_tokens,
        ),
        model=message.model,
        answer_id=message.id or "",
        signatures=tuple(filter(None, signatures)),
        sealed=tuple(sealed),
        citations=tuple(citations),
        ran=tuple(ran),
    )


def _ran(block: JsonObject) -> Ran:
    """Return what a block says that a tool of Anthropic or an MCP server did."""
    if block["type"].endswith("_use"):
        given: JsonObject = block.get("input") or {}
        asked: str = given.get("query") or given.get("code") or given.get("command") or ""
        page: str = given.get("url") or ""
        return Ran(
            call_id=block["id"],
            asked=(asked,) if asked else (),
            sources=(page,) if page else (),
        )
    content: Any = block.get("content") or []
    results: list[JsonObject] = (
        cast("list[JsonObject]", content) if isinstance(content, list) else [content]
    )
    outputs: list[str] = []
    for one in results:
        match one:
            case {"tool_references": found}:
                outputs += [tool["tool_name"] for tool in found]
            case {"content": {"source": {"type": "text", "data": data}}}:
                outputs.append(data)
            case {"stdout": out}:
                outputs.append(out)
            case {"type": "text", "text": text}:
                outputs.append(text)
            case _:
                pass
    return Ran(
        call_id=block["tool_use_id"],
        output="\n".join(filter(None, outputs)),
        sources=tuple(one["url"] for one in results if one.get("url")),
    )


def _cited(citation: Any) -> Cited:  # noqa: ANN401 - the SDK's many kinds of citations
    url: str | None = getattr(citation, "url", None) or getattr(citation, "source", None)
    title: str = getattr(citation, "title", None) or getattr(citation, "document_title", None) or ""
    return Cited(source=url or title, title=title)


def _blocks(record: Record) -> Sequence[JsonObject]:
    """Return the blocks as sent; the client leaves out the input of tools that are new to it."""
    if not record.streaming:
        content: Sequence[JsonObject] = json.loads(record.body)["content"]
        return content
    blocks: dict[int, JsonObject] = {}
    inputs: dict[int, str] = {}
    for event in payloads(record.body):
        match event:
            case {"type": "content_block_start", "index": index, "content_block": block}:
                blocks[index] = block
            case {"delta": {"type": "input_json_delta", "partial_json": piece}, "index": index}:
                inputs[index] = inputs.get(index, "") + piece
            case _:
                pass
    for index, written in inputs.items():
        blocks[index] = {**blocks[index], "input": json.loads(written or "{}")}
    return [block for _, block in sorted(blocks.items())]


def _message(record: Record) -> anthropic.types.Message:
    content_type = "text/event-stream" if record.streaming else "application/json"

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": content_type}, content=record.body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with anthropic.Anthropic(api_key="k", http_client=http, max_retries=0) as client:
        asked: Any = {"max_tokens": 1, "model": "m", "messages": [{"role": "user", "content": "?"}]}
        if not record.streaming:
            return cast("anthropic.types.Message", client.messages.create(**asked))
        with client.messages.stream(**asked) as stream:
            return stream.get_final_message()
