"""Responses: read by OpenAI's client, to which a stream's last event is the whole answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import openai

from bench.wire.readings import (
    CALL,
    MEDIUM,
    PLAIN,
    REFUSAL,
    TEXT,
    THOUGHT,
    Call,
    Cited,
    Counts,
    Expected,
    Failing,
    JsonObject,
    Logprob,
    Medium,
    Ran,
    Reading,
    Record,
    in_order,
    word_in,
)
from bench.wire.readings.openai_sdk import JUDGE, client_for, unwarned
from bench.wire.traffic.events import payloads
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
_FAILED = ("response.failed", "response.error", "response.cancelled", "error")
_INCOMPLETE = {
    "max_output_tokens": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
}


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    bodies = payloads(record.body) if record.streaming else [json.loads(record.body)]
    if any(one.get("type") in _FAILED or one.get("error") for one in bodies):
        return Failing(reason="the answer holds an error")
    with unwarned():
        response = _by_sdk(record)
    judge = JUDGE
    if response is None:
        ends = [body for body in bodies if body.get("type") in _TERMINATORS]
        response, judge = (ends[0]["response"] if record.streaming else bodies[0]), PLAIN
    return _reading(record, response, bodies, judge=judge)


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


def _reading(
    record: Record, response: JsonObject, bodies: Sequence[JsonObject], *, judge: str
) -> Reading:
    items: Sequence[JsonObject] = response["output"]
    parts: list[JsonObject] = [
        part for item in items if item["type"] == "message" for part in item["content"]
    ]
    texts = [part for part in parts if part["type"] == "output_text"]
    text = "".join(part.get("text") or "" for part in texts)
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    called = [item for item in items if _kind(record, item) == CALL]
    thoughts = [item for item in items if item["type"] == "reasoning"]
    return Reading(
        judge=judge,
        text=text,
        thoughts="".join(map(_thought, thoughts)),
        refusal=refusal,
        calls=tuple(map(_call, called)),
        media=tuple(
            Medium(size=len(base64.b64decode(item["result"])))
            for item in items
            if item["type"] == "image_generation_call" and item.get("result")
        ),
        order=in_order(kind for item in _as_told(items, bodies) for kind in _kinds(record, item)),
        finish=_finish(response, items, text=text, refusal=refusal, calls=called),
        counts=_counts(response),
        model=response["model"],
        answer_id=response["id"],
        signatures=tuple(filter(None, map(_signature, called))),
        sealed=tuple(_sealed(record, items, bodies)),
        logprobs=tuple(_logprobs(record, texts, bodies))
        if "message.output_text.logprobs" in (record.request.get("include") or ())
        else None,
        citations=tuple(
            Cited(
                source=note.get("url") or note.get("file_id") or note.get("filename") or "",
                title=note.get("title") or note.get("filename") or "",
            )
            for part in texts
            for note in part.get("annotations") or ()
        ),
        ran=tuple(_ran(item) for item in items if _is_hosted(record, item)),
    )


def _kind(record: Record, item: JsonObject) -> str:
    """Return the kind of an item; the custom calls of xAI are searches that it has made itself."""
    match item["type"]:
        case "function_call":
            return CALL
        case "custom_tool_call" if record.provider != "xai":
            return CALL
        case "image_generation_call":
            return MEDIUM
        case "message":
            return TEXT
        case _:
            return THOUGHT


def _as_told(items: Sequence[JsonObject], bodies: Sequence[JsonObject]) -> Sequence[JsonObject]:
    """Return the items in the order in which their content came; the rest come at the end."""
    told: dict[int, None] = {}
    for event in bodies:
        kind = event.get("type", "")
        is_call = event.get("item", {}).get("type") in {"function_call", "custom_tool_call"}
        if kind.endswith(".delta") or kind == "response.output_item.done" or is_call:
            told.setdefault(event.get("output_index", 0))
    if not told.keys() <= set(range(len(items))):
        return items
    return [items[at] for at in (*told, *(at for at in range(len(items)) if at not in told))]


def _signature(item: JsonObject) -> JsonObject | None:
    """Return what a call says beside its name and its arguments, if anything."""
    plain = {"id", "call_id", "name", "arguments", "input", "status"}
    rest = {key: one for key, one in item.items() if key not in plain and one is not None}
    return None if rest == {"type": "function_call"} else rest


def _sealed(
    record: Record, items: Sequence[JsonObject], bodies: Sequence[JsonObject]
) -> Iterator[str | JsonObject]:
    """Yield what only the vendor understands; it encrypts a thought anew when it sends it again."""
    done: dict[str, list[str]] = {}
    for event in bodies:
        told: JsonObject = event.get("item") or {}
        if event.get("type") == "response.output_item.done" and told.get("encrypted_content"):
            done.setdefault(told.get("id") or "", []).append(told["encrypted_content"])
    for item in items:
        sealed: str = item.get("encrypted_content") or ""
        if item["type"] == "reasoning" and sealed:
            in_stream = done.get(item.get("id") or "")
            yield in_stream.pop(0) if in_stream else sealed
        elif _is_hosted(record, item):
            yield item


def _is_hosted(record: Record, item: JsonObject) -> bool:
    return _kind(record, item) == THOUGHT and item["type"] != "reasoning"


def _ran(item: JsonObject) -> Ran:
    """Return what a tool did; xAI writes what it was asked as JSON inside of a text."""
    asked: JsonObject = item.get("action") or {}
    for field in ("arguments", "input"):
        written: Any = item.get(field) or {}
        asked = asked or (json.loads(written) if isinstance(written, str) else written)
    queries: list[str] = item.get("queries") or asked.get("queries") or [asked.get("query") or ""]
    commands: list[str] = asked.get("commands") or []
    code: str = item.get("code") or "\n".join(commands) or asked.get("code") or ""
    outputs: list[JsonObject] = item.get("outputs") or []
    logs = [one["logs"] for one in outputs if one.get("logs")]
    told: Any = item.get("output") or []
    if isinstance(told, str):
        logs = [told]
    else:
        logs += [one[name] for one in told for name in ("stdout", "stderr") if one.get(name)]
    tools: list[JsonObject] = item.get("tools") or []
    found: list[JsonObject] = [*(item.get("results") or ()), *(asked.get("sources") or ())]
    pages = [asked["url"]] if item["type"] == "web_search_call" and asked.get("url") else []
    return Ran(
        call_id=item.get("call_id") or item.get("id") or "",
        asked=tuple(filter(None, queries)) or ((code,) if code else ()),
        output="\n".join([*logs, *(tool["name"] for tool in tools)]),
        sources=(*(one.get("url") or one.get("file_id") or "" for one in found), *pages),
    )


def _kinds(record: Record, item: JsonObject) -> Iterator[str]:
    """Yield the kinds of what an item says, if anything."""
    kind = _kind(record, item)
    if kind == TEXT:
        for part in item["content"]:
            if part.get("text") or part.get("refusal"):
                yield REFUSAL if part["type"] == "refusal" else TEXT
    elif item["type"] == "reasoning":
        if item.get("encrypted_content") or _thought(item):
            yield kind
    elif kind != MEDIUM or item.get("result"):
        yield kind


def _thought(item: JsonObject) -> str:
    """Return the thought itself where the vendor shows it, else its summary, by paragraphs."""
    pieces: list[JsonObject] = item.get("content") or item.get("summary") or []
    return "\n\n".join(piece["text"] for piece in pieces)


def _call(item: JsonObject) -> Call:
    arguments: object = (
        {"input": item["input"]}
        if item["type"] == "custom_tool_call"
        else json.loads(item["arguments"] or "{}")
    )
    return Call(call_id=item["call_id"], name=item["name"], arguments=arguments)


def _counts(response: JsonObject) -> Counts | None:
    usage: JsonObject | None = response.get("usage")
    if usage is None:
        return None
    inputs: JsonObject = usage.get("input_tokens_details") or {}
    outputs: JsonObject = usage.get("output_tokens_details") or {}
    return Counts(
        taken=usage["input_tokens"],
        given=usage["output_tokens"],
        thinking=outputs.get("reasoning_tokens") or 0,
        cached=inputs.get("cached_tokens") or 0,
        written=inputs.get("cache_write_tokens") or 0,
    )


def _logprobs(
    record: Record, texts: Sequence[JsonObject], bodies: Sequence[JsonObject]
) -> Iterator[Logprob]:
    """Yield the probabilities: in a stream they come with the pieces, and at its end again."""
    places = texts
    if record.streaming:
        places = [one for one in bodies if one.get("type") == "response.output_text.delta"]
    tokens: list[JsonObject] = [one for place in places for one in place.get("logprobs") or ()]
    for token in tokens:
        others: Sequence[JsonObject] = token.get("top_logprobs") or ()
        yield Logprob(
            token=token["token"],
            logprob=token["logprob"],
            others=tuple((one["token"], one["logprob"]) for one in others),
        )


def _finish(
    response: JsonObject,
    items: Sequence[JsonObject],
    *,
    text: str,
    refusal: str,
    calls: Sequence[JsonObject],
) -> FinishReason:
    if response["status"] == "incomplete":
        details: JsonObject = response.get("incomplete_details") or {}
        return word_in(_INCOMPLETE, details.get("reason"))
    if calls:
        return FinishReason.TOOL_CALLS
    if refusal and not text:
        return FinishReason.REFUSAL
    waits = any(
        item["type"] == "mcp_approval_request" or item.get("execution") == "client"
        for item in items
    )
    return FinishReason.OTHER if waits else FinishReason.STOP
