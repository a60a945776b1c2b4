"""Every recorded answer of Google, Cohere and Ollama, whole, cut and split.

What is expected is read by the vendor's own SDK where it can read the record, and from the recorded
JSON otherwise, never by the code under test.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import cohere
import pydantic
import pytest
from cohere.core.unchecked_base_model import construct_type
from google.genai import types as google

from routersvc.domain.answers import (
    AnswerEvent,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.collecting import Answer, collect
from routersvc.domain.failures import AttemptFailedError, FailureClass
from routersvc.domain.prompts import Audio, Image, Text, Thought, ToolCall

if TYPE_CHECKING:
    from tests.unit.providers.native.conftest import NativeRecording

    Recordings = Mapping[str, Sequence[NativeRecording]]

JsonObject = dict[str, Any]

PROVIDERS = ("cohere", "gemini", "ollama", "vertex")

FAILED: Mapping[str, FailureClass] = {
    # The model called a tool with what is no JSON, and Cohere says so at the end.
    "cohere/basic/chat_v2.stream.test-sql-agent.2e112419.json": FailureClass.BAD_ANSWER,
    "cohere/basic/chat_v2.stream.test-sql-agent.cee1ab1a.json": FailureClass.BAD_ANSWER,
    "gemini/basic/generate_content.unary.unary-failure-only-prompt-feedback.fa30677f.json": (
        FailureClass.CONTENT_FILTERED
    ),
    "gemini/refusal_or_filter/generate_content.stream."
    "streaming-failure-prompt-blocked-safety.32d23439.json": FailureClass.CONTENT_FILTERED,
    "gemini/refusal_or_filter/generate_content.unary."
    "test-google-model-safety-settings.028ffc7a.json": FailureClass.CONTENT_FILTERED,
    # Sound JSON that is no answer: without a finish reason nothing says that it is complete.
    "vertex/basic/generate_content.stream.streaming-failure-invalid-json.9230114e.json": (
        FailureClass.TRUNCATED
    ),
    "vertex/error_in_200/generate_content.stream."
    "streaming-failure-error-mid-stream.e5a6c8a6.json": FailureClass.SERVER_ERROR,
    "vertex/refusal_or_filter/generate_content.stream."
    "streaming-failure-prompt-blocked-safety.223e8895.json": FailureClass.CONTENT_FILTERED,
    "vertex/refusal_or_filter/generate_content.unary."
    "test-google-model-armor-prompt-template-text-get.e423e098.json": (
        FailureClass.CONTENT_FILTERED
    ),
    "vertex/refusal_or_filter/generate_content.unary."
    "unary-failure-finish-reason-safety-no-content.0e9536a3.json": FailureClass.CONTENT_FILTERED,
    "vertex/refusal_or_filter/generate_content.unary."
    "unary-failure-prompt-blocked-safety-with-message.20972acd.json": (
        FailureClass.CONTENT_FILTERED
    ),
    "vertex/refusal_or_filter/generate_content.unary."
    "unary-failure-unknown-enum-prompt-blocked.5d23c747.json": FailureClass.CONTENT_FILTERED,
}
"""Recorded successes (HTTP 200) that are failures, and what they mean."""

IN_PIECES = (
    "gemini/tool_calls/generate_content.stream."
    "google-stream-tool-call-array-arguments-missing-.225514c7.json"
)
"""A call whose arguments come with JSONPaths, which no SDK puts together."""

RECORDED: Mapping[str, tuple[int, int]] = {
    "cohere": (54, 1),
    "gemini": (144, 2),
    "ollama": (12, 0),
    "vertex": (93, 2),
}
"""How many successes are recorded, and of how many the body was left out for its size."""

REASONS: Mapping[str, FinishReason] = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "RECITATION": FinishReason.CONTENT_FILTER,
    "SAFETY": FinishReason.CONTENT_FILTER,
    "COMPLETE": FinishReason.STOP,
    "STOP_SEQUENCE": FinishReason.STOP,
    "TOOL_CALL": FinishReason.TOOL_CALLS,
    "stop": FinishReason.STOP,
}
CUTS_PER_STREAM = 16
"""Every offset is tried on short answers; on longer ones so many, and each of the last bytes."""


class Reading(NamedTuple):
    """What an answer holds, in words that both readings can be put into."""

    text: str
    thoughts: str
    calls: list[tuple[str, Any]]
    media: int
    signatures: list[bytes]
    reason: FinishReason
    model: str
    usage: tuple[int, int, int, int] | None


def read(recording: NativeRecording, pieces: Iterable[bytes]) -> list[AnswerEvent]:
    """Return the events of a recording that arrives in these pieces."""
    decoder = recording.wire_format.decoder(recording.call, recording.head)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def reading_of(answer: Answer) -> Reading:
    """Return what was read by the code under test."""
    usage = answer.usage
    return Reading(
        text="".join(part.text for part in answer.parts if isinstance(part, Text)),
        thoughts="".join(part.text for part in answer.parts if isinstance(part, Thought)),
        calls=[
            (part.name, json.loads(part.arguments_json))
            for part in answer.parts
            if isinstance(part, ToolCall)
        ],
        media=sum(isinstance(part, Image | Audio) for part in answer.parts),
        signatures=sorted(
            base64.b64decode(part.signature.rpartition(b":")[2])
            for part in answer.parts
            if isinstance(part, ToolCall | Thought) and part.signature
        ),
        reason=answer.finish.reason,
        model=answer.finish.model_version,
        usage=None
        if usage is None
        else (
            usage.input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.cached_input_tokens,
        ),
    )


def parsed_by_google(chunk: JsonObject) -> google.GenerateContentResponse | None:
    """Return what Google's SDK makes of a chunk, `None` where it cannot read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return google.GenerateContentResponse.model_validate(chunk)
        except pydantic.ValidationError:
            return None


def google_reading(recording: NativeRecording) -> Reading:
    """Return what Google's SDK reads of a recording."""
    text, thoughts = "", ""
    calls: list[tuple[str, Any]] = []
    media = 0
    signatures: list[bytes] = []
    reason, model = "", ""
    usage: tuple[int, int, int, int] | None = None
    for chunk in recording.chunks:
        parsed = parsed_by_google(numbers_named(chunk))
        assert parsed is not None, recording.file
        model = model or parsed.model_version or ""
        for candidate in parsed.candidates or ():
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
                    media += 1
                call = part.function_call
                if call is not None and call.name and not call.will_continue:
                    calls.append((call.name, call.args or {}))
        counted = parsed.usage_metadata
        if counted is not None and (counted.prompt_token_count or counted.thoughts_token_count):
            usage = (
                (counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0),
                (counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0),
                counted.thoughts_token_count or 0,
                counted.cached_content_token_count or 0,
            )
    found = REASONS[reason]
    return Reading(
        text=text,
        thoughts=thoughts,
        calls=calls,
        media=media,
        signatures=sorted(signatures),
        reason=FinishReason.TOOL_CALLS if calls and found is FinishReason.STOP else found,
        model=model,
        usage=usage,
    )


def numbers_named(chunk: JsonObject) -> JsonObject:
    """Return a chunk as the SDK's values want it.

    Enums that a gateway has numbered are spelled out, and the one field is left out that the SDK
    itself removes before it reads.
    """
    chunk = {**chunk, "usageMetadata": {**(chunk.get("usageMetadata") or {})}}
    chunk["usageMetadata"].pop("serviceTier", None)
    text = json.dumps(chunk).replace('"finishReason": 1', '"finishReason": "STOP"')
    text = text.replace('"modality": 1', '"modality": "TEXT"')
    named: JsonObject = json.loads(text.replace('"trafficType": 1', '"trafficType": "ON_DEMAND"'))
    return named


def cohere_reading(recording: NativeRecording) -> Reading:
    """Return what Cohere's SDK reads of a recording."""
    text, thoughts = "", ""
    calls: list[list[str]] = []
    reason = ""
    counted: Any = None
    for chunk in recording.chunks:
        kind: Any = cohere.V2ChatStreamResponse if recording.streaming else cohere.V2ChatResponse
        parsed: Any = construct_type(type_=kind, object_=chunk)
        if not recording.streaming:
            message = parsed.message
            thoughts += message.tool_plan or ""
            for item in message.content or ():
                text += getattr(item, "text", None) or ""
                thoughts += getattr(item, "thinking", None) or ""
            calls += [
                [call.function.name, call.function.arguments] for call in message.tool_calls or ()
            ]
            reason, counted = parsed.finish_reason, parsed.usage
            continue
        match parsed.type:
            case "content-delta":
                text += parsed.delta.message.content.text or ""
                thoughts += parsed.delta.message.content.thinking or ""
            case "tool-plan-delta":
                thoughts += parsed.delta.message.tool_plan
            case "tool-call-start":
                function = parsed.delta.message.tool_calls.function
                calls.append([function.name, function.arguments or ""])
            case "tool-call-delta":
                calls[-1][1] += parsed.delta.message.tool_calls.function.arguments
            case "message-end":
                reason, counted = parsed.delta.finish_reason, parsed.delta.usage
            case _:
                pass
    usage: tuple[int, int, int, int] | None = None
    if counted is not None:
        images: Any = getattr(counted.tokens, "image_tokens", None) or 0
        thinking: Any = getattr(counted.tokens, "reasoning_tokens", None) or 0
        usage = (
            int(counted.tokens.input_tokens + images),
            int(counted.tokens.output_tokens),
            int(thinking),
            int(counted.cached_tokens or 0),
        )
    return Reading(
        text=text,
        thoughts=thoughts,
        calls=[(name, json.loads(arguments or "{}")) for name, arguments in calls],
        media=0,
        signatures=[],
        reason=REASONS[reason],
        model="",
        usage=usage,
    )


def ollama_reading(recording: NativeRecording) -> Reading:
    """Return what stands in the lines: no SDK of Ollama is at hand."""
    messages: list[JsonObject] = [chunk["message"] for chunk in recording.chunks]
    last = recording.chunks[-1]
    return Reading(
        text="".join(message.get("content") or "" for message in messages),
        thoughts="".join(message.get("thinking") or "" for message in messages),
        calls=[
            (call["function"]["name"], call["function"]["arguments"])
            for message in messages
            for call in message.get("tool_calls") or ()
        ],
        media=0,
        signatures=[],
        reason=REASONS[last.get("done_reason") or "stop"],
        model=recording.chunks[0]["model"],
        usage=(last.get("prompt_eval_count") or 0, last["eval_count"], 0, 0)
        if last.get("eval_count")
        else None,
    )


READINGS = {
    "cohere": cohere_reading,
    "gemini": google_reading,
    "ollama": ollama_reading,
    "vertex": google_reading,
}


def answers_of(recordings: Recordings, provider: str) -> Iterable[NativeRecording]:
    """Return the recorded answers of a provider that are no failures."""
    return (recording for recording in recordings[provider] if recording.file not in FAILED)


def may_be_an_end(recording: NativeRecording, cut: int) -> bool:
    """Whether a stream that ends in good order at `cut` has all that a complete one has.

    Google ends a stream by ending it, and old models give a finish reason with every event.
    """
    if recording.provider not in {"gemini", "vertex"} or not recording.is_stream:
        return False
    before = recording.body[:cut]
    return before.endswith((b"\n\n", b"\n\r\n")) and b'"finishReason"' in before


def test_every_record_is_tested(native_answers: Recordings) -> None:
    """A recording that is not read at all would go unnoticed."""
    for provider, (recorded, left_out) in RECORDED.items():
        assert len(native_answers[provider]) == recorded - left_out, provider


@pytest.mark.parametrize("provider", PROVIDERS)
def test_answer_equals_an_independent_reading(native_answers: Recordings, provider: str) -> None:
    """Text, thoughts, tool calls, signatures, usage and end are what the vendor sent."""
    different: list[tuple[str, object, object]] = []
    for recording in answers_of(native_answers, provider):
        if recording.file == IN_PIECES:
            continue
        found = reading_of(collect(read(recording, [recording.body])))
        expected = READINGS[provider](recording)
        different += [
            (recording.file, {name: got}, wanted)
            for name, got, wanted in zip(Reading._fields, found, expected, strict=True)
            if got != wanted
        ]

    assert different == []


def test_arguments_that_come_in_pieces_are_put_together(native_answers: Recordings) -> None:
    """Vertex AI streams them with the place where each piece belongs."""
    (recording,) = (r for r in native_answers["gemini"] if r.file == IN_PIECES)

    found = reading_of(collect(read(recording, [recording.body])))

    assert found.reason is FinishReason.TOOL_CALLS
    assert found.usage == (54, 74 + 121, 121, 0)
    assert found.calls == [
        (
            "writeItems",
            {
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
        )
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_events_come_in_order(native_answers: Recordings, provider: str) -> None:
    """`Started` first, `Finished` last and once: the engine relies on it."""
    for recording in answers_of(native_answers, provider):
        events = read(recording, [recording.body])

        assert isinstance(events[0], Started), recording.file
        assert isinstance(events[-1], Finished), recording.file
        assert sum(isinstance(event, Started | Finished) for event in events) == 2, recording.file


@pytest.mark.parametrize("provider", PROVIDERS)
def test_splits_change_no_event(native_answers: Recordings, provider: str) -> None:
    """Networks cut anywhere: byte by byte, and in halves at many places."""
    for recording in answers_of(native_answers, provider):
        body = recording.body
        if not recording.streaming or len(body) > 60_000:
            continue
        whole = read(recording, [body])

        assert read(recording, [body[i : i + 1] for i in range(len(body))]) == whole, recording.file
        for cut in range(1, len(body), 1 + len(body) // CUTS_PER_STREAM):
            assert read(recording, [body[:cut], body[cut:]]) == whole, (recording.file, cut)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_cut_answer_is_never_a_success(native_answers: Recordings, provider: str) -> None:
    """Whatever arrived before the cut, an answer without its end is broken."""
    for recording in answers_of(native_answers, provider):
        body = recording.body if recording.is_stream else recording.body.rstrip()
        last = end_of_the_answer(recording, body)
        step = 1 if len(body) < 1_000 else 1 + len(body) // CUTS_PER_STREAM
        for cut in sorted({*range(0, last, step), *range(max(0, last - 8), last)}):
            if may_be_an_end(recording, cut):
                continue
            with pytest.raises(AttemptFailedError) as failed:
                read(recording, [body[:cut]])

            assert failed.value.failure.failure_class in {
                FailureClass.TRUNCATED,
                FailureClass.SERVER_ERROR,
            }, (recording.file, cut)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_stream_that_stops_after_any_byte_is_never_a_success(
    native_answers: Recordings, provider: str
) -> None:
    """Every byte of every stream: one decoder is asked after each whether that was all."""
    for recording in answers_of(native_answers, provider):
        if not recording.is_stream:
            continue
        decoder = recording.wire_format.decoder(recording.call, recording.head)
        for cut in range(end_of_the_answer(recording, recording.body)):
            if not may_be_an_end(recording, cut):
                with pytest.raises(AttemptFailedError):
                    decoder.end()
            decoder.feed(recording.body[cut : cut + 1])


def test_only_one_recording_leaves_an_end_open(native_answers: Recordings) -> None:
    """Ends in the middle that cannot be told from the end must not become more unseen."""
    open_ends = {
        recording.file
        for recordings in native_answers.values()
        for recording in recordings
        for cut in range(len(recording.body))
        if may_be_an_end(recording, cut)
    }

    assert open_ends == {
        f"vertex/error_in_200/generate_content.stream.{name}.json"
        for name in ("streaming-failure-error-mid-stream.e5a6c8a6",)
    }


def end_of_the_answer(recording: NativeRecording, body: bytes) -> int:
    """Return where the answer is complete: Cohere's `[DONE]` comes after that and says nothing."""
    if recording.provider == "cohere" and recording.is_stream:
        return body.index(b"\n\n", body.index(b'"type":"message-end"')) + 2
    return len(body)


@pytest.mark.parametrize("file", FAILED)
def test_failure_inside_a_success_is_a_failure(native_answers: Recordings, file: str) -> None:
    """HTTP 200 promises nothing."""
    provider = file.partition("/")[0]
    (recording,) = (r for r in native_answers[provider] if r.file == file)

    with pytest.raises(AttemptFailedError) as failed:
        read(recording, [recording.body])

    assert failed.value.failure.failure_class is FAILED[file]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_deltas_hold_what_the_stream_brings_together(
    native_answers: Recordings, provider: str
) -> None:
    """Each piece becomes an event when it arrives: nothing is held back until the end."""
    recording = max(
        (r for r in answers_of(native_answers, provider) if r.is_stream),
        key=lambda r: len(r.chunks),
    )
    decoder = recording.wire_format.decoder(recording.call, recording.head)

    events = decoder.feed(recording.body)

    deltas = [e for e in events if isinstance(e, TextDelta | ThoughtDelta | ToolCallDelta)]
    assert len(deltas) >= len(recording.chunks) - 4 >= 4
