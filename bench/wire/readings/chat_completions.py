"""Chat completions: read by OpenAI's client or Mistral's types, and plainly where they cannot."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import openai
from openai.lib.streaming.chat import ChatCompletionStreamState

from bench.wire.readings import PLAIN, Call, Expected, JsonObject, Reading, Record, mistral_sdk
from bench.wire.readings.openai_sdk import JUDGE, client_for, unwarned
from bench.wire.readings.sse import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

_REASONS: Mapping[str | None, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    None: FinishReason.OTHER,
    "": FinishReason.OTHER,
}

EXPECTED: Mapping[str, Expected] = {
    "azure/error_in_200/chat_completions.unary.test-prompt-content-filtering.e4e6135f.json": (
        Expected(
            failure_class=FailureClass.CONTENT_FILTERED,
            reason="the body is an error: the filter refused the prompt",
        )
    ),
    "azure/refusal_or_filter/chat_completions.unary.test-chat-content-filtering.d5d97041.json": (
        Expected(
            failure_class=FailureClass.CONTENT_FILTERED,
            reason="the filter left no message at all",
        )
    ),
    "groq/error_in_200/chat_completions.stream."
    "test-tool-use-failed-error-streaming-with-text.ff58fc5c.json": Expected(
        failure_class=FailureClass.BAD_ANSWER,
        reason="the stream ends with an error: the model wrote a tool call that breaks its schema",
    ),
}


_CANNOT = (AssertionError, AttributeError, IndexError, RuntimeError, TypeError, ValueError)
"""What the client raises about shapes that it does not know."""


def read(record: Record) -> Reading:
    """Return what an answer says."""
    bodies = payloads(record.body) if record.streaming else [json.loads(record.body)]
    plain = _plain(record, bodies)
    if record.provider == "mistral":
        said = mistral_sdk.message_of(bodies, streaming=record.streaming)
        if said is not None:
            return dataclasses.replace(
                plain,
                judge=mistral_sdk.JUDGE,
                text=said.text,
                thoughts=said.thoughts,
                calls=said.calls,
            )
    with unwarned():
        message = _message_by_sdk(record)
    if message is None:
        return plain
    return Reading(
        judge=JUDGE,
        text=message.get("content") or "",
        thoughts=plain.thoughts,
        refusal=message.get("refusal") or "",
        calls=_calls(message.get("tool_calls") or ()),
        media=plain.media,
        finish=plain.finish,
        usage=plain.usage,
        model=plain.model,
    )


def _message_by_sdk(record: Record) -> JsonObject | None:
    """Return the message as OpenAI's client puts it together; `None` where it cannot.

    Calls that share an index or have none, and content in parts, are habits of other vendors that
    the client does not know.
    """
    client = client_for(record)
    messages: Any = [{"role": "user", "content": ""}]
    try:
        if not record.streaming:
            whole = client.chat.completions.create(model="m", messages=messages)
            message = whole.choices[0].message.to_dict()
        else:
            state: Any = ChatCompletionStreamState()
            ids: dict[int, str] = {}
            for chunk in client.chat.completions.create(model="m", messages=messages, stream=True):
                for choice in chunk.choices:
                    for call in choice.delta.tool_calls or ():
                        known = ids.setdefault(call.index, call.id or "")
                        if call.id and call.id != known:
                            return None
                state.handle_chunk(chunk)
            message = state.current_completion_snapshot.choices[0].message.to_dict()
    except (openai.OpenAIError, *_CANNOT):
        return None
    if not isinstance(message.get("content"), str | None):
        return None
    return cast("JsonObject", message)


def _plain(record: Record, bodies: Sequence[JsonObject]) -> Reading:
    key = "delta" if record.streaming else "message"
    choices: list[JsonObject] = [
        choice for body in bodies for choice in body.get("choices") or () if not choice.get("index")
    ]
    messages: list[JsonObject] = [choice.get(key) or {} for choice in choices]
    text, thoughts, refusal = _texts(messages)
    calls = _calls(_merged_calls(messages))
    return Reading(
        judge=PLAIN,
        text=text,
        thoughts=thoughts,
        refusal=refusal,
        calls=calls,
        media=_media(messages),
        finish=_finish(choices, text=text, refusal=refusal, calls=calls),
        usage=_usage(record, bodies),
        model=next((body["model"] for body in bodies if body.get("model")), ""),
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
                piece["text"] for part in parts for piece in part.get("thinking") or ()
            )
        details: list[JsonObject] = message.get("reasoning_details") or []
        if details:
            thoughts += "".join(d.get("text") or d.get("summary") or "" for d in details)
        else:
            thoughts += message.get("reasoning_content") or message.get("reasoning") or ""
        refusal += message.get("refusal") or ""
    return text, thoughts, refusal


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
            known["arguments"] += function.get("arguments") or ""
    return merged


def _calls(calls: Sequence[JsonObject]) -> tuple[Call, ...]:
    return tuple(
        Call(
            call_id=call.get("id") or "",
            name=call["function"]["name"],
            arguments=_parsed(call["function"].get("arguments")),
        )
        for call in calls
    )


def _parsed(arguments: object) -> object:
    return json.loads(arguments or "{}") if isinstance(arguments, str) else arguments or {}


def _media(messages: Sequence[JsonObject]) -> tuple[int, ...]:
    urls: list[str] = [
        image["image_url"]["url"] for message in messages for image in message.get("images") or ()
    ]
    pictures = [len(base64.b64decode(url.partition(",")[2])) for url in urls]
    sounds: list[JsonObject] = [message.get("audio") or {} for message in messages]
    sound = sum(len(base64.b64decode(one.get("data") or "")) for one in sounds)
    return (*pictures, *((sound,) if sound else ()))


def _finish(
    choices: Sequence[JsonObject], *, text: str, refusal: str, calls: Sequence[Call]
) -> FinishReason:
    words: list[str] = [c["finish_reason"] for c in choices if c.get("finish_reason")]
    reason = _REASONS[words[-1] if words else None]
    if reason is FinishReason.STOP and calls:
        return FinishReason.TOOL_CALLS
    if reason is FinishReason.STOP and refusal and not text:
        return FinishReason.REFUSAL
    return reason


def _usage(record: Record, bodies: Sequence[JsonObject]) -> tuple[int, int, int] | None:
    """Return the last count; two vendors leave something out of their sums."""
    places: list[JsonObject] = [
        one for body in bodies for one in (body.get("x_groq"), body) if one is not None
    ]
    counts: list[JsonObject] = [one["usage"] for one in places if one.get("usage")]
    if not counts:
        return None
    last = counts[-1]
    details: JsonObject = last.get("completion_tokens_details") or {}
    prompt: int = last["prompt_tokens"]
    answer: int = last["completion_tokens"]
    reasoning: int = details.get("reasoning_tokens") or 0
    if record.provider == "xai" or reasoning > answer:
        answer += reasoning
    if record.provider == "mistral" and last.get("prompt_audio_seconds"):
        prompt = last["total_tokens"] - answer
    return prompt, answer, reasoning
