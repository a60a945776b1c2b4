"""Every recorded answer of the vendors, whole, cut and split.

The expectations are read from the recorded JSON without the code under test.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.answers import (
    AnswerEvent,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
    UsageCounted,
)
from routersvc.domain.collecting import Answer, collect
from routersvc.domain.failures import AttemptFailedError, FailureClass
from routersvc.domain.prompts import Refusal, Text, Thought, ToolCall

if TYPE_CHECKING:
    from tests.unit.providers.conftest import Recording

    Recordings = Mapping[str, Sequence[Recording]]

JsonObject = dict[str, Any]

PROVIDERS = (
    "alibaba",
    "azure",
    "bedrock",
    "bedrock-mantle",
    "cerebras",
    "crusoe",
    "databricks",
    "deepseek",
    "gemini",
    "gpustack",
    "groq",
    "heroku",
    "huggingface",
    "llamacpp",
    "mistral",
    "moonshot",
    "ollama",
    "openai",
    "openrouter",
    "perplexity",
    "snowflake",
    "together",
    "vercel-gateway",
    "vllm",
    "watsonx",
    "xai",
    "zai",
)

FAILED: Mapping[str, FailureClass] = {
    "azure/error_in_200/chat_completions.unary.test-prompt-content-filtering.e4e6135f.json": (
        FailureClass.CONTENT_FILTERED
    ),
    "azure/refusal_or_filter/chat_completions.unary.test-chat-content-filtering.d5d97041.json": (
        FailureClass.CONTENT_FILTERED
    ),
    "groq/error_in_200/chat_completions.stream."
    "test-tool-use-failed-error-streaming-with-text.ff58fc5c.json": FailureClass.BAD_ANSWER,
}
"""Recorded successes (HTTP 200) that are failures, and what they mean."""

REASONS: Mapping[str | None, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    None: FinishReason.OTHER,
    "": FinishReason.OTHER,
}
CUTS_PER_STREAM = 16
"""Every offset is tried on short answers; on longer ones so many, and each of the last bytes."""


def answers_of(recordings: Recordings, provider: str) -> Iterable[Recording]:
    """Return the recorded answers of a provider that are no failures."""
    return (recording for recording in recordings[provider] if recording.file not in FAILED)


def read(recording: Recording, pieces: Iterable[bytes]) -> list[AnswerEvent]:
    """Return the events of a recording that arrives in these pieces."""
    decoder = recording.wire_format.decoder(recording.call, recording.head)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def messages_of(recording: Recording) -> list[JsonObject]:
    """Return every delta of a stream, or the one message of a complete response."""
    key = "delta" if recording.streaming else "message"
    choices: list[JsonObject] = [
        choice for chunk in recording.chunks for choice in chunk.get("choices") or ()
    ]
    return [choice.get(key) or {} for choice in choices]


def independent_tool_calls(recording: Recording) -> list[tuple[str, str, Any]]:
    """Return the tool calls of a recording as (id, name, arguments)."""
    calls: dict[object, tuple[str, str, str]] = {}
    for message in messages_of(recording):
        pieces: list[JsonObject] = message.get("tool_calls") or []
        for piece in pieces:
            function: JsonObject = piece.get("function") or {}
            place = piece.get("index", len(calls) if piece.get("id") else len(calls) - 1)
            call_id, name, arguments = calls.get(place, ("", "", ""))
            calls[place] = (
                call_id or piece.get("id") or "",
                name or function.get("name") or "",
                arguments + (function.get("arguments") or ""),
            )
    return [(call_id, name, json.loads(text or "{}")) for call_id, name, text in calls.values()]


def independent_texts(recording: Recording) -> tuple[str, str, str]:
    """Return the answer's text, thoughts and refusal."""
    text, thoughts, refusal = "", "", ""
    for message in messages_of(recording):
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


def differences(recording: Recording, answer: Answer) -> list[str]:
    """Return where an answer differs from the independent reading of the same bytes."""
    text, thoughts, refusal = independent_texts(recording)
    calls = independent_tool_calls(recording)
    reason = REASONS[independent_finish_reason(recording)]
    if reason is FinishReason.STOP and calls:
        reason = FinishReason.TOOL_CALLS
    if reason is FinishReason.STOP and refusal and not text:
        reason = FinishReason.REFUSAL
    made = [
        (part.call_id, part.name, part.arguments_json)
        for part in answer.parts
        if isinstance(part, ToolCall)
    ]
    found: dict[str, tuple[object, object]] = {
        "text": ("".join(p.text for p in answer.parts if isinstance(p, Text)), text),
        "thoughts": ("".join(p.text for p in answer.parts if isinstance(p, Thought)), thoughts),
        "refusal": ("".join(p.text for p in answer.parts if isinstance(p, Refusal)), refusal),
        "tool calls": (
            [(name, json.loads(arguments)) for _, name, arguments in made],
            [(name, arguments) for _, name, arguments in calls],
        ),
        "ids of tool calls": (
            [call_id for call_id, _, _ in made],
            [theirs or ours for (ours, _, _), (theirs, _, _) in zip(made, calls, strict=False)],
        ),
        "every tool call has an id of its own": (len({c for c, _, _ in made if c}), len(made)),
        "finish reason": (answer.finish.reason, reason),
        "model": (
            answer.finish.model_version,
            next((c["model"] for c in recording.chunks if c.get("model")), ""),
        ),
        "usage": (usage_of(answer), independent_usage(recording)),
    }
    return [f"{recording.file}: {what}" for what, (read_, there) in found.items() if read_ != there]


def usage_of(answer: Answer) -> tuple[int, int, int] | None:
    """Return prompt, answer and reasoning tokens as read."""
    usage = answer.usage
    if usage is None:
        return None
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens


def independent_finish_reason(recording: Recording) -> str | None:
    """Return the last finish reason that a provider gave."""
    choices: list[JsonObject] = [
        choice for chunk in recording.chunks for choice in chunk.get("choices") or ()
    ]
    words: list[str] = [
        choice["finish_reason"] for choice in choices if choice.get("finish_reason")
    ]
    return words[-1] if words else None


def independent_usage(recording: Recording) -> tuple[int, int, int] | None:
    """Return prompt, answer and reasoning tokens; the total says what the sums leave out."""
    counts: list[JsonObject] = [
        usage
        for chunk in recording.chunks
        if (usage := chunk.get("usage") or chunk.get("x_groq", {}).get("usage"))
    ]
    if not counts:
        return None
    last = counts[-1]
    details: JsonObject = last.get("completion_tokens_details") or {}
    prompt: int = last["prompt_tokens"]
    answer: int = last["completion_tokens"]
    reasoning: int = details.get("reasoning_tokens") or 0
    if recording.provider == "xai" or reasoning > answer:
        answer += reasoning
    if recording.provider == "mistral" and last.get("prompt_audio_seconds"):
        prompt = last["total_tokens"] - answer
    return prompt, answer, reasoning


def test_every_recorded_provider_is_tested(answers_by_provider: Recordings) -> None:
    """A provider that appears in the recordings must not be forgotten here."""
    assert sorted(answers_by_provider) == sorted(PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_answer_equals_an_independent_reading(
    answers_by_provider: Recordings, provider: str
) -> None:
    """Text, thoughts, tool calls, usage and end are what the vendor sent."""
    found = [
        difference
        for recording in answers_of(answers_by_provider, provider)
        for difference in differences(recording, collect(read(recording, [recording.body])))
    ]

    assert found == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_events_come_in_order(answers_by_provider: Recordings, provider: str) -> None:
    """`Started` first, `Finished` last and once: the engine relies on it."""
    for recording in answers_of(answers_by_provider, provider):
        events = read(recording, [recording.body])

        assert isinstance(events[0], Started), recording.file
        assert isinstance(events[-1], Finished), recording.file
        assert sum(isinstance(event, Started | Finished) for event in events) == 2, recording.file


@pytest.mark.parametrize("provider", PROVIDERS)
def test_splits_change_no_event(answers_by_provider: Recordings, provider: str) -> None:
    """Networks cut anywhere: byte by byte, and in halves at many places."""
    for recording in answers_of(answers_by_provider, provider):
        body = recording.body
        if not recording.streaming or len(body) > 30_000:
            continue
        whole = read(recording, [body])

        assert read(recording, [body[i : i + 1] for i in range(len(body))]) == whole, recording.file
        for cut in range(1, len(body), 1 + len(body) // CUTS_PER_STREAM):
            assert read(recording, [body[:cut], body[cut:]]) == whole, (recording.file, cut)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_cut_answer_is_never_a_success(answers_by_provider: Recordings, provider: str) -> None:
    """Whatever arrived before the cut, an answer without its end is broken."""
    for recording in answers_of(answers_by_provider, provider):
        body = recording.body.rstrip() if not recording.streaming else recording.body
        last_needed = len(body)
        if recording.streaming and not recording.wire_format.dialect.terminator_required:
            marker = b'"finish_reason":"stop"'
            last_needed = body.index(b"\n\n", body.replace(b": ", b":").index(marker))
        step = 1 if len(body) < 1_000 else 1 + len(body) // CUTS_PER_STREAM
        cuts = {*range(0, last_needed, step), *range(max(0, last_needed - 8), last_needed)}
        for cut in sorted(cuts):
            with pytest.raises(AttemptFailedError) as failed:
                read(recording, [body[:cut]])

            assert failed.value.failure.failure_class in {
                FailureClass.TRUNCATED,
                FailureClass.SERVER_ERROR,
            }, (recording.file, cut)


@pytest.mark.parametrize("file", FAILED)
def test_failure_inside_a_success_is_a_failure(answers_by_provider: Recordings, file: str) -> None:
    """HTTP 200 promises nothing."""
    provider = file.partition("/")[0]
    (recording,) = (r for r in answers_by_provider[provider] if r.file == file)

    with pytest.raises(AttemptFailedError) as failed:
        read(recording, [recording.body])

    assert failed.value.failure.failure_class is FAILED[file]


def test_deltas_hold_what_the_stream_brings_together(answers_by_provider: Recordings) -> None:
    """Each chunk becomes its own event: nothing is held back until the end."""
    recording = max(
        (r for r in answers_of(answers_by_provider, "openai") if r.streaming),
        key=lambda r: len(r.body),
    )

    events = read(recording, [recording.body])

    deltas = [e for e in events if isinstance(e, TextDelta | ThoughtDelta | ToolCallDelta)]
    assert len(deltas) > 50
    assert isinstance(events[-2], UsageCounted)
