"""Mistral's own format: the dialect `mistral` of chat completions reads all of it.

Mistral's SDK is the independent reading.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pydantic

from routersvc.domain.answers import FinishReason
from routersvc.domain.collecting import Answer, collect
from routersvc.domain.prompts import Text, Thought, ToolCall

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mistralai.client.models import ChatCompletionResponse, CompletionChunk

if TYPE_CHECKING:
    from tests.unit.providers.conftest import Recording

JsonObject = dict[str, Any]

REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
}

UNREADABLE: frozenset[str] = frozenset()
"""Recordings that Mistral's own SDK does not take."""


def answer_of(recording: Recording) -> Answer:
    """Return what the code under test reads."""
    decoder = recording.wire_format.decoder(recording.call, recording.head)
    return collect([*decoder.feed(recording.body), *decoder.end()])


def texts_of(content: Any) -> tuple[str, str]:  # noqa: ANN401 - the SDK's many kinds of content
    """Return the text and the thoughts that the SDK has found."""
    if content is None or type(content).__name__ == "Unset":
        return "", ""
    if isinstance(content, str):
        return content, ""
    text = "".join(chunk.text for chunk in content if chunk.type == "text")
    thoughts = "".join(
        piece.text for chunk in content if chunk.type == "thinking" for piece in chunk.thinking
    )
    return text, thoughts


def sdk_reading(recording: Recording) -> tuple[object, ...]:
    """Return text, thoughts, calls, end and usage as Mistral's SDK reads them."""
    text, thoughts, reason = "", "", ""
    calls: list[list[str]] = []
    usage: tuple[int, int] | None = None
    kind: Any = CompletionChunk if recording.streaming else ChatCompletionResponse
    for chunk in recording.chunks:
        parsed: Any = kind.model_validate(chunk)
        for choice in parsed.choices:
            message = choice.delta if recording.streaming else choice.message
            more_text, more_thoughts = texts_of(message.content)
            text += more_text
            thoughts += more_thoughts
            for call in message.tool_calls or ():
                arguments = call.function.arguments
                written = arguments if isinstance(arguments, str) else json.dumps(arguments)
                if recording.streaming and len(calls) > (call.index or 0):
                    calls[call.index or 0][1] += written
                else:
                    calls.append([call.function.name, written])
            reason = choice.finish_reason or reason
        counted: Any = parsed.usage
        if getattr(counted, "total_tokens", None):
            written = counted.completion_tokens
            usage = (counted.total_tokens - written, written)  # sound counts in the total only
    return text, thoughts, [(n, json.loads(a)) for n, a in calls], REASONS[reason], usage


def test_every_answer_of_mistral_equals_its_sdks_reading(
    answers_by_provider: Mapping[str, Sequence[Recording]],
) -> None:
    """So no format of its own is needed for it."""
    different: list[tuple[str, object, object]] = []
    unreadable: set[str] = set()
    for recording in answers_by_provider["mistral"]:
        answer = answer_of(recording)
        usage = answer.usage
        found = (
            "".join(part.text for part in answer.parts if isinstance(part, Text)),
            "".join(part.text for part in answer.parts if isinstance(part, Thought)),
            [
                (part.name, json.loads(part.arguments_json))
                for part in answer.parts
                if isinstance(part, ToolCall)
            ],
            answer.finish.reason,
            None if usage is None else (usage.input_tokens, usage.output_tokens),
        )
        try:
            expected = sdk_reading(recording)
        except pydantic.ValidationError:
            unreadable.add(recording.file)
            continue
        if found != expected:
            different.append((recording.file, found, expected))

    assert different == []
    assert unreadable == UNREADABLE
    assert len(answers_by_provider["mistral"]) == 64
