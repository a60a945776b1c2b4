"""Anthropic's Messages: read by Anthropic's own client from the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import anthropic
import httpx2

from bench.wire.readings import Call, Reading, Record
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


def read(record: Record) -> Reading:
    """Return what an answer says."""
    message = _message(record)
    texts: list[str] = []
    thoughts: list[str] = []
    signatures: list[str] = []
    sealed: list[str] = []
    calls: list[Call] = []
    for block in message.content:
        content: Any = block
        match block.type:
            case "text":
                texts.append(content.text)
            case "thinking":
                thoughts.append(content.thinking)
                signatures.append(getattr(content, "signature", None) or "")
            case "redacted_thinking":
                sealed.append(content.data)
            case "tool_use":
                calls.append(Call(call_id=content.id, name=content.name, arguments=content.input))
            case _:
                sealed.append(block.type)
    finish = _REASONS[str(message.stop_reason)]
    refused: Any = getattr(message, "stop_details", None)
    usage = message.usage
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return Reading(
        judge=JUDGE,
        text="".join(texts),
        thoughts="".join(thoughts),
        refusal=getattr(refused, "explanation", None) or "",
        calls=tuple(calls),
        finish=FinishReason.TOOL_CALLS if calls and finish is FinishReason.STOP else finish,
        usage=(
            usage.input_tokens + read + written,
            usage.output_tokens,
            0 if details is None else details.thinking_tokens,
        ),
        model=message.model,
        signatures=tuple(sorted(filter(None, signatures))),
        sealed=tuple(sealed),
        cached=(read, written),
    )


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
