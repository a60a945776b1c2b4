"""Google's generateContent: read by the types of Google's own SDK."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

import google.genai
from google.genai import types

from bench.wire.readings import PLAIN, Call, Expected, JsonObject, Reading, Record
from bench.wire.readings.sse import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

JUDGE = f"google-genai SDK {google.genai.__version__}"

_BLOCKED = Expected(
    failure_class=FailureClass.CONTENT_FILTERED, reason="the prompt or all of the answer is blocked"
)

EXPECTED: Mapping[str, Expected] = {
    "gemini/basic/generate_content.unary.unary-failure-only-prompt-feedback.fa30677f.json": (
        _BLOCKED
    ),
    "gemini/refusal_or_filter/generate_content.stream."
    "streaming-failure-prompt-blocked-safety.32d23439.json": _BLOCKED,
    "gemini/refusal_or_filter/generate_content.unary."
    "test-google-model-safety-settings.028ffc7a.json": _BLOCKED,
    "vertex/basic/generate_content.stream.streaming-failure-invalid-json.9230114e.json": Expected(
        failure_class=FailureClass.TRUNCATED,
        reason="sound JSON that is no answer: no finish reason says that it is complete",
    ),
    "vertex/error_in_200/generate_content.stream."
    "streaming-failure-error-mid-stream.e5a6c8a6.json": Expected(
        failure_class=FailureClass.SERVER_ERROR,
        reason="an error stands between the events of the stream",
    ),
    "vertex/refusal_or_filter/generate_content.stream."
    "streaming-failure-prompt-blocked-safety.223e8895.json": _BLOCKED,
    "vertex/refusal_or_filter/generate_content.unary."
    "test-google-model-armor-prompt-template-text-get.e423e098.json": _BLOCKED,
    "vertex/refusal_or_filter/generate_content.unary."
    "unary-failure-finish-reason-safety-no-content.0e9536a3.json": _BLOCKED,
    "vertex/refusal_or_filter/generate_content.unary."
    "unary-failure-prompt-blocked-safety-with-message.20972acd.json": _BLOCKED,
    "vertex/refusal_or_filter/generate_content.unary."
    "unary-failure-unknown-enum-prompt-blocked.5d23c747.json": _BLOCKED,
}
"""Recorded successes (HTTP 200) that are failures, and what they mean."""

_IN_PIECES: Mapping[str, tuple[Call, ...]] = {
    "gemini/tool_calls/generate_content.stream."
    "google-stream-tool-call-array-arguments-missing-.225514c7.json": (
        Call(
            call_id="",
            name="writeItems",
            arguments={
                "operations": [
                    {
                        "action": "add",
                        "description": "Fresh red apple",
                        "itemid": "apple_001",
                        "price": 0.5,
                    },
                    {
                        "action": "add",
                        "description": "Ripe yellow banana",
                        "itemid": "banana_001",
                        "price": 0.3,
                    },
                ]
            },
        ),
    ),
}
"""Calls whose arguments come with JSONPaths, which no SDK puts together: read by hand."""

_REASONS: Mapping[str, FinishReason] = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "RECITATION": FinishReason.CONTENT_FILTER,
    "SAFETY": FinishReason.CONTENT_FILTER,
}


def read(record: Record) -> Reading:
    """Return what an answer says."""
    text, thoughts = "", ""
    calls: list[Call] = []
    media: list[int] = []
    signatures: list[bytes] = []
    reason, model = "", ""
    counted: types.GenerateContentResponseUsageMetadata | None = None
    for chunk in map(_parsed, _chunks(record)):
        model = model or chunk.model_version or ""
        for candidate in chunk.candidates or ():
            if candidate.finish_reason is not None:
                reason = candidate.finish_reason.value
            content = candidate.content
            for part in (content.parts if content is not None else None) or ():
                if part.thought_signature:
                    signatures.append(part.thought_signature)
                if part.thought:
                    thoughts += part.text or ""
                elif part.text:
                    text += part.text
                if part.inline_data is not None:
                    media.append(len(part.inline_data.data or b""))
                call = part.function_call
                if call is not None and call.name and not call.will_continue:
                    calls.append(
                        Call(call_id=call.id or "", name=call.name, arguments=call.args or {})
                    )
        told = chunk.usage_metadata
        if told is not None and (told.prompt_token_count or told.thoughts_token_count):
            counted = told
    in_pieces = _IN_PIECES.get(record.file)
    found = _REASONS[reason]
    return Reading(
        judge=JUDGE if in_pieces is None else PLAIN,
        text=text,
        thoughts=thoughts,
        calls=tuple(calls) if in_pieces is None else in_pieces,
        media=tuple(media),
        finish=FinishReason.TOOL_CALLS
        if (calls or in_pieces) and found is FinishReason.STOP
        else found,
        usage=None if counted is None else _usage(counted),
        model=model,
        signatures=tuple(sorted(base64.b64encode(one).decode() for one in signatures)),
        cached=None if counted is None else (counted.cached_content_token_count or 0, 0),
    )


def _usage(counted: types.GenerateContentResponseUsageMetadata) -> tuple[int, int, int]:
    thinking = counted.thoughts_token_count or 0
    return (
        (counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0),
        (counted.candidates_token_count or 0) + thinking,
        thinking,
    )


def _chunks(record: Record) -> Sequence[JsonObject]:
    """Return the responses of a stream; without `alt=sse` they come as one list."""
    try:
        whole: Any = json.loads(record.body)
    except ValueError:
        return payloads(record.body)
    return cast("list[JsonObject]", whole) if isinstance(whole, list) else [whole]


def _parsed(chunk: JsonObject) -> types.GenerateContentResponse:
    """Return what the SDK makes of a response, without a word about enums that are new to it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return types.GenerateContentResponse.model_validate(_named(chunk))


def _named(chunk: JsonObject) -> JsonObject:
    """Return a response as the SDK's types want it.

    Enums that a gateway has numbered are spelled out, and the one field is left out that the SDK
    itself removes before it reads.
    """
    chunk = {**chunk, "usageMetadata": {**(chunk.get("usageMetadata") or {})}}
    chunk["usageMetadata"].pop("serviceTier", None)
    text = json.dumps(chunk).replace('"finishReason": 1', '"finishReason": "STOP"')
    text = text.replace('"modality": 1', '"modality": "TEXT"')
    named: JsonObject = json.loads(text.replace('"trafficType": 1', '"trafficType": "ON_DEMAND"'))
    return named
