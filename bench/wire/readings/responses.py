"""Responses: read by OpenAI's client, to which a stream's last event is the whole answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import openai

from bench.wire.readings import PLAIN, Call, Expected, JsonObject, Reading, Record
from bench.wire.readings.openai_sdk import JUDGE, client_for, unwarned
from bench.wire.readings.sse import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

EXPECTED: Mapping[str, Expected] = {
    "azure/reasoning/responses.unary.azure-deepseek-reasoning-1.9b68cd3e.json": Expected(
        failure_class=FailureClass.SERVER_ERROR,
        reason="the record is labelled `responses`, but its body is a chat completion; with "
        "`--adapter openai_chat/azure` it is read as one",
    ),
}

AT_FAULT: Mapping[str, str] = {
    "openai/server_tools/responses.stream.openai-shell-container-1.e60001fd.json": (
        "the record contradicts itself: its deltas are an abridged form of the text at its end; "
        "the adapter tells the deltas and nothing that contradicts them"
    ),
}

_TERMINATORS = ("response.completed", "response.incomplete")
_INCOMPLETE = {
    "max_output_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
}


def read(record: Record) -> Reading:
    """Return what an answer says."""
    with unwarned():
        response = _by_sdk(record)
    if response is not None:
        return _reading(record, response, judge=JUDGE)
    if not record.streaming:
        return _reading(record, json.loads(record.body), judge=PLAIN)
    ends = [body for body in payloads(record.body) if body.get("type") in _TERMINATORS]
    return _reading(record, ends[0]["response"], judge=PLAIN)


def _by_sdk(record: Record) -> JsonObject | None:
    """Return the response as OpenAI's client reads it; `None` where it cannot."""
    client = client_for(record)
    last: Any = None
    try:
        if not record.streaming:
            last = client.responses.create(model="m", input="")
        else:
            for event in client.responses.create(model="m", input="", stream=True):
                last = getattr(event, "response", last)
                if event.type in _TERMINATORS:
                    break  # an answer ends there, whatever else was recorded after it
    except openai.OpenAIError:
        return None
    if last is None:
        return None
    whole: JsonObject = last.to_dict(mode="json")
    return whole


def _reading(record: Record, response: JsonObject, *, judge: str) -> Reading:
    items: Sequence[JsonObject] = response["output"]
    parts: list[JsonObject] = [
        part for item in items if item["type"] == "message" for part in item["content"]
    ]
    text = "".join(part.get("text") or "" for part in parts if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    calls = tuple(
        _call(item)
        for item in items
        if item["type"] == "function_call"
        # The custom calls of xAI are searches that it has made itself.
        or (item["type"] == "custom_tool_call" and record.provider != "xai")
    )
    usage: JsonObject = response["usage"]
    details: JsonObject = usage.get("output_tokens_details") or {}
    return Reading(
        judge=judge,
        text=text,
        thoughts="".join(_thought(item) for item in items if item["type"] == "reasoning"),
        refusal=refusal,
        calls=calls,
        media=tuple(
            len(base64.b64decode(item["result"]))
            for item in items
            if item["type"] == "image_generation_call"
        ),
        finish=_finish(response, items, text=text, refusal=refusal, calls=calls),
        usage=(
            usage["input_tokens"],
            usage["output_tokens"],
            details.get("reasoning_tokens") or 0,
        ),
        model=response["model"],
    )


def _thought(item: JsonObject) -> str:
    """Return the thought itself where the vendor shows it, else its summary, by paragraphs."""
    pieces: list[JsonObject] = item.get("content") or item["summary"]
    return "\n\n".join(piece["text"] for piece in pieces)


def _call(item: JsonObject) -> Call:
    arguments: object = (
        {"input": item["input"]}
        if item["type"] == "custom_tool_call"
        else json.loads(item["arguments"] or "{}")
    )
    return Call(call_id=item["call_id"], name=item["name"], arguments=arguments)


def _finish(
    response: JsonObject,
    items: Sequence[JsonObject],
    *,
    text: str,
    refusal: str,
    calls: Sequence[Call],
) -> FinishReason:
    if response["status"] == "incomplete":
        return _INCOMPLETE[response["incomplete_details"]["reason"]]
    if calls:
        return FinishReason.TOOL_CALLS
    if refusal and not text:
        return FinishReason.REFUSAL
    waits = any(
        item["type"] == "mcp_approval_request" or item.get("execution") == "client"
        for item in items
    )
    return FinishReason.OTHER if waits else FinishReason.STOP
