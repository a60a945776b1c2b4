"""Chat completions: read by OpenAI's client or Mistral's types, and plainly where they cannot."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import openai
from openai.lib.streaming.chat import ChatCompletionStreamState

from bench.wire.readings import (
    Expected,
    Failing,
    JsonObject,
    Reading,
    Record,
    mistral_sdk,
)
from bench.wire.readings.chat_messages import calls_of, plain_reading
from bench.wire.readings.openai_sdk import JUDGE, client_for, unwarned
from bench.wire.traffic.events import payloads
from routersvc.domain.outcomes.failure_rules import FailureClass

EXPECTED: Mapping[str, Expected] = {
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


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    bodies = payloads(record.body) if record.streaming else [json.loads(record.body)]
    if any(_is_error(body) for body in bodies):
        return Failing(reason="the answer holds an error")
    plain = plain_reading(record, bodies)
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
    return dataclasses.replace(
        plain,
        judge=JUDGE,
        text=message.get("content") or "",
        refusal=message.get("refusal") or "",
        calls=calls_of(message.get("tool_calls") or ()),
    )


def _is_error(body: JsonObject) -> bool:
    return bool(body.get("error")) or body.get("object") == "error" or any(_errors(body))


def _errors(body: JsonObject) -> Iterator[object]:
    choices: Sequence[JsonObject] = body.get("choices") or ()
    return (choice.get("error") for choice in choices)


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
