"""The messages and chunks of chat completions, read as their vendors describe them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

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
    JsonObject,
    Logprob,
    Medium,
    Ran,
    Reading,
    Record,
    in_order,
    word_in,
)
from routersvc.domain.conversation.finish_reasons import FinishReason

_REASONS: Mapping[str | None, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    "sensitive": FinishReason.CONTENT_FILTER,
}
_KINDS = (
    ("reasoning_details", THOUGHT),
    ("reasoning_content", THOUGHT),
    ("reasoning", THOUGHT),
    ("content", TEXT),
    ("tool_calls", CALL),
    ("refusal", REFUSAL),
    ("audio", MEDIUM),
    ("images", MEDIUM),
)
_CACHED = (
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "num_cached_tokens",
)
"""Where DeepSeek, Anthropic's models behind gateways, Moonshot and Mistral count cached tokens."""


def plain_reading(record: Record, bodies: Sequence[JsonObject]) -> Reading:
    """Return what the chunks of a stream, or one body, add up to."""
    key = "delta" if record.streaming else "message"
    choices: list[JsonObject] = [
        choice for body in bodies for choice in body.get("choices") or () if not choice.get("index")
    ]
    messages: list[JsonObject] = [choice.get(key) or {} for choice in choices]
    text, thoughts, refusal = _texts(messages)
    details: list[JsonObject] = [
        one for message in messages for one in message.get("reasoning_details") or ()
    ]
    calls = calls_of(_merged_calls(messages))
    stops = [one["stop_reason"] for one in choices if isinstance(one.get("stop_reason"), str)]
    return Reading(
        judge=PLAIN,
        text=text,
        thoughts=thoughts,
        refusal=refusal,
        calls=calls,
        media=_media(messages),
        order=in_order(kind for one in messages for kind in _kinds(one))
        if record.streaming
        else None,
        finish=_finish(choices, text=text, refusal=refusal, calls=calls),
        stop_sequence=stops[-1] if stops else "",
        counts=_counts(record, bodies),
        model=next((body["model"] for body in bodies if body.get("model")), ""),
        answer_id=next((body["id"] for body in bodies if body.get("id")), ""),
        signatures=tuple(one["signature"] for one in details if one.get("signature")),
        sealed=tuple(one["data"] for one in details if one.get("data")),
        logprobs=tuple(_logprobs(choices)) if record.request.get("logprobs") else None,
        citations=tuple(_cited(bodies, messages)),
        ran=tuple(_ran(bodies, messages)),
    )


def calls_of(calls: Sequence[JsonObject]) -> tuple[Call, ...]:
    """Return whole calls."""
    return tuple(
        Call(
            call_id=call.get("id") or "",
            name=call["function"]["name"],
            arguments=_parsed(call["function"].get("arguments")),
        )
        for call in calls
    )


def _texts(messages: Sequence[JsonObject]) -> tuple[str, str, str]:
    text, thoughts, refusal = "", "", ""
    for message in messages:
        content: Any = message.get("content") or ""
        if isinstance(content, str):
            text += content
        else:
            parts: list[JsonObject] = content
            text += "".join(part.get("text") or "" for part in parts)
            thoughts += "".join(
                piece.get("text") or "" for part in parts for piece in part.get("thinking") or ()
            )
        details: list[JsonObject] = message.get("reasoning_details") or []
        if details:
            thoughts += "".join(d.get("text") or d.get("summary") or "" for d in details)
        else:
            thoughts += message.get("reasoning_content") or message.get("reasoning") or ""
        refusal += message.get("refusal") or ""
    return text, thoughts, refusal


def _kinds(message: JsonObject) -> Iterator[str]:
    """Yield the kinds of what a chunk holds, which is nearly always one."""
    for field, kind in _KINDS:
        value: Any = message.get(field)
        if field == "content" and isinstance(value, list):
            for piece in cast("list[JsonObject]", value):
                if piece.get("text") or piece.get("thinking"):
                    yield THOUGHT if piece.get("type") == "thinking" else TEXT
        elif field == "reasoning_details":
            if any(_says_something(detail) for detail in value or ()):
                yield kind
        elif value:
            yield kind


def _says_something(detail: JsonObject) -> bool:
    return any(detail.get(name) for name in ("text", "summary", "signature", "data"))


def _merged_calls(messages: Sequence[JsonObject]) -> Sequence[JsonObject]:
    """Return calls put together: a piece with an id and a name of its own begins another one."""
    merged: list[JsonObject] = []
    for message in messages:
        pieces: list[JsonObject] = message.get("tool_calls") or []
        for piece in pieces:
            function: JsonObject = piece.get("function") or {}
            same = [
                call
                for call in merged
                if call["index"] == piece.get("index", call["index"])
                and piece.get("id") in {None, "", call["id"]}
            ]
            if not same:
                call: JsonObject = {"index": piece.get("index"), "id": piece.get("id") or ""}
                merged.append({**call, "function": {"name": "", "arguments": ""}})
                same = merged[-1:]
            known = same[-1]["function"]
            known["name"] = known["name"] or function.get("name") or ""
            written = function.get("arguments") or ""
            known["arguments"] += written if isinstance(written, str) else json.dumps(written)
    return merged


def _parsed(arguments: object) -> object:
    return json.loads(arguments or "{}") if isinstance(arguments, str) else arguments or {}


def _media(messages: Sequence[JsonObject]) -> tuple[Medium, ...]:
    urls: list[str] = [
        image["image_url"]["url"] for message in messages for image in message.get("images") or ()
    ]
    pictures = [Medium(size=len(base64.b64decode(url.partition(",")[2]))) for url in urls]
    sounds: list[JsonObject] = [one["audio"] for one in messages if one.get("audio")]
    size = sum(len(base64.b64decode(one.get("data") or "")) for one in sounds)
    said = "".join(one.get("transcript") or "" for one in sounds)
    return (*pictures, *((Medium(size=size, transcript=said),) if size or said else ()))


def _finish(
    choices: Sequence[JsonObject], *, text: str, refusal: str, calls: Sequence[Call]
) -> FinishReason:
    words: list[str] = [c["finish_reason"] for c in choices if c.get("finish_reason")]
    reason = word_in(_REASONS, words[-1] if words else None)
    if reason is FinishReason.STOP and calls:
        return FinishReason.TOOL_CALLS
    if reason is FinishReason.STOP and refusal and not text:
        return FinishReason.REFUSAL
    return reason


def _counts(record: Record, bodies: Sequence[JsonObject]) -> Counts | None:
    """Return the last counts; some vendors leave something out of their sums.

    xAI leaves thoughts out of what was given, as the total shows, and Mistral sound out of what was
    taken. A vendor may count more cached tokens than were taken: it has cached a prompt of its own.
    """
    places: list[JsonObject] = [
        one for body in bodies for one in (body.get("x_groq"), body) if one is not None
    ]
    found: list[JsonObject] = [one["usage"] for one in places if one.get("usage")]
    if not found:
        return None
    last = found[-1]
    inputs: JsonObject = last.get("prompt_tokens_details") or {}
    outputs: JsonObject = last.get("completion_tokens_details") or {}
    taken: int = last.get("prompt_tokens") or 0
    given: int = last.get("completion_tokens") or 0
    thinking: int = outputs.get("reasoning_tokens") or 0
    total: int = last.get("total_tokens") or 0
    if thinking and (thinking > given or total == taken + given + thinking):
        given += thinking
    if record.provider == "mistral" and last.get("prompt_audio_seconds"):
        taken = total - given
    places_of_cached = (inputs.get("cached_tokens"), *(last.get(name) for name in _CACHED))
    cached = min(next(filter(None, places_of_cached), 0), taken)
    written = inputs.get("cache_write_tokens") or last.get("cache_creation_input_tokens") or 0
    return Counts(
        taken=taken,
        given=given,
        thinking=thinking,
        cached=cached,
        written=min(written, taken - cached),
        heard=inputs.get("audio_tokens") or 0,
        spoken=outputs.get("audio_tokens") or 0,
    )


def _logprobs(choices: Sequence[JsonObject]) -> Iterator[Logprob]:
    for choice in choices:
        told: JsonObject = choice.get("logprobs") or {}
        tokens: list[JsonObject] = told.get("content") or []
        for token in tokens:
            others: list[JsonObject] = token.get("top_logprobs") or []
            yield Logprob(
                token=token["token"],
                logprob=token["logprob"],
                others=tuple((one["token"], one["logprob"]) for one in others),
            )


def _ran(bodies: Sequence[JsonObject], messages: Sequence[JsonObject]) -> Iterator[Ran]:
    """Yield what Groq says that its tools did, and what Perplexity says that it found."""
    executed: dict[int, JsonObject] = {}
    for message in messages:
        for tool in message.get("executed_tools") or ():
            executed.setdefault(tool["index"], {}).update(tool)
    for tool in executed.values():
        given: JsonObject = json.loads(tool.get("arguments") or "{}")
        searched: JsonObject = tool.get("search_results") or {}
        found: list[JsonObject] = searched.get("results") or []
        asked = given.get("query") or given.get("code") or ""
        pages = [one["url"] for one in found] or [given["url"]] * ("url" in given)
        yield Ran(
            asked=(asked,) if asked else (),
            output=tool.get("output") or "",
            sources=tuple(pages),
        )
    last = bodies[-1] if bodies else {}
    told = [one["url"] for one in last.get("search_results") or ()] or last.get("citations")
    if told:
        yield Ran(sources=tuple(dict.fromkeys(told)))


def _cited(bodies: Sequence[JsonObject], messages: Sequence[JsonObject]) -> Iterator[Cited]:
    """Yield the sources: OpenAI's annotations, else Perplexity's lists beside the answer."""
    notes: list[JsonObject] = [
        note for message in messages for note in message.get("annotations") or ()
    ]
    for note in notes:
        cited: JsonObject = note.get("url_citation") or note
        if cited.get("url"):
            yield Cited(source=cited["url"], title=cited.get("title") or "")
    if notes or not bodies:
        return
    last = bodies[-1]
    titles = {one["url"]: one.get("title") or "" for one in last.get("search_results") or ()}
    for url in last.get("citations") or ():
        yield Cited(source=url, title=titles.get(url, ""))
