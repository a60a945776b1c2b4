"""Mistral's own types, which read what OpenAI's client does not know: content in pieces."""

from __future__ import annotations

import importlib.metadata
import json
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import pydantic

from bench.wire.readings import Call, JsonObject

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mistralai.client.models import ChatCompletionResponse, CompletionChunk

JUDGE = f"mistralai SDK {importlib.metadata.version('mistralai')}"


class Message(NamedTuple):
    """What an answer says."""

    text: str
    thoughts: str
    calls: tuple[Call, ...]


def message_of(bodies: Sequence[JsonObject], *, streaming: bool) -> Message | None:
    """Return the message that a body or the chunks of a stream add up to.

    `None` where the types do not take them.
    """
    text, thoughts = "", ""
    calls: list[tuple[str, str, str]] = []
    kind: Any = CompletionChunk if streaming else ChatCompletionResponse
    for body in bodies:
        try:
            parsed: Any = kind.model_validate(body)
        except pydantic.ValidationError:
            return None
        for choice in parsed.choices:
            message = choice.delta if streaming else choice.message
            more_text, more_thoughts = _texts(message.content)
            text += more_text
            thoughts += more_thoughts
            for call in message.tool_calls or ():
                arguments = call.function.arguments
                written = arguments if isinstance(arguments, str) else json.dumps(arguments)
                if streaming and len(calls) > (call.index or 0):
                    call_id, name, known = calls[call.index or 0]
                    calls[call.index or 0] = (call_id, name, known + written)
                else:
                    calls.append((call.id, call.function.name, written))
    return Message(
        text=text,
        thoughts=thoughts,
        calls=tuple(
            Call(call_id=call_id, name=name, arguments=json.loads(arguments))
            for call_id, name, arguments in calls
        ),
    )


def _texts(content: Any) -> tuple[str, str]:  # noqa: ANN401 - the SDK's many kinds of content
    """Return the text and the thoughts of a content."""
    if content is None or type(content).__name__ == "Unset":
        return "", ""
    if isinstance(content, str):
        return content, ""
    text = "".join(chunk.text for chunk in content if chunk.type == "text")
    thoughts = "".join(
        piece.text for chunk in content if chunk.type == "thinking" for piece in chunk.thinking
    )
    return text, thoughts
