"""Counts, ids and labels of any shape, in every format: bookkeeping never costs an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.app.wire_formats import adapter
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.assembly import Answer, collect
from routersvc.domain.conversation.parts import TextPart, ToolCall
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.reading.answer_limits import MOST_CALLS
from routersvc.providers.reading.counts import MOST_TOKENS
from routersvc.providers.reading.json_values import object_of
from routersvc.providers.reading.labels import LONGEST_LABEL
from routersvc.providers.wire_format import ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
Usage = Mapping[str, object] | object
Make = Callable[[object, Usage], JsonObject]
Calls = Callable[[Sequence[object]], JsonObject]

COUNT_NAMES = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "iterations",
    "inputTokens",
    "outputTokens",
    "cacheReadInputTokens",
    "promptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "promptTokensDetails",
    "input_tokens_details",
    "output_tokens_details",
    "prompt_eval_count",
    "eval_count",
    "tokens",
    "billed_units",
    "cached_tokens",
    "reasoning_tokens",
)
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**20, 10**300])
    | st.floats()
    | st.sampled_from(["12", "12.0", " 7", "-3", "N/A", "", "1e3", "NaN", "9" * 400])
    | st.text(max_size=6)
)
VALUES = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(COUNT_NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)
USAGES = st.dictionaries(st.sampled_from(COUNT_NAMES), VALUES, max_size=8) | VALUES


def chat(label: object, usage: Usage) -> JsonObject:
    """Return an answer in the chat completions format."""
    message = {"role": "assistant", "content": "hi"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "usage": usage}
    return {"id": label, "model": label, "choices": [choice], "usage": usage, "x_groq": usage}


def responses(label: object, usage: Usage) -> JsonObject:
    """Return an answer in the Responses format."""
    content = [{"type": "output_text", "text": "hi"}]
    item = {"type": "message", "id": label, "role": "assistant", "content": content}
    return {
        "id": label,
        "model": label,
        "status": "completed",
        "output": [item],
        "usage": usage,
        "incomplete_details": label,
    }


def messages(label: object, usage: Usage) -> JsonObject:
    """Return an answer in the Messages format."""
    return {
        "type": "message",
        "id": label,
        "model": label,
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": label,
        "stop_details": label,
        "usage": usage,
    }


def converse(label: object, usage: Usage) -> JsonObject:
    """Return an answer in the Converse format."""
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}},
        "stopReason": "end_turn",
        "usage": usage,
        "metrics": label,
    }


def gemini(label: object, usage: Usage) -> JsonObject:
    """Return an answer in Google's format."""
    content = {"role": "model", "parts": [{"text": "hi"}]}
    return {
        "candidates": [{"content": content, "finishReason": "STOP"}],
        "modelVersion": label,
        "responseId": label,
        "usageMetadata": usage,
    }


def cohere(label: object, usage: Usage) -> JsonObject:
    """Return an answer in Cohere's format."""
    return {
        "id": label,
        "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
        "finish_reason": "COMPLETE",
        "usage": {"tokens": usage, "billed_units": usage, "cached_tokens": label},
    }


def ollama(label: object, usage: Usage) -> JsonObject:
    """Return an answer in Ollama's format."""
    counts = object_of(usage) or {"eval_count": usage}
    message = {"role": "assistant", "content": "hi"}
    return {**counts, "model": label, "message": message, "done": True, "done_reason": "stop"}


ANSWERS: Mapping[str, Make] = {
    "openai_chat": chat,
    "openai_responses": responses,
    "anthropic_messages": messages,
    "bedrock_converse": converse,
    "gemini": gemini,
    "cohere_chat": cohere,
    "ollama_chat": ollama,
}
DIALECTS = {
    "openai_chat": "generic",
    "openai_responses": "generic",
    "anthropic_messages": "anthropic",
    "bedrock_converse": "plain",
    "gemini": "gemini",
    "cohere_chat": "plain",
    "ollama_chat": "plain",
}


def chat_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in the chat completions format."""
    calls = [{"id": one, "function": {"name": "f", "arguments": '{"q": 1}'}} for one in ids]
    message = {"role": "assistant", "tool_calls": calls}
    return {"choices": [{"message": message, "finish_reason": "tool_calls"}]}


def responses_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in the Responses format."""
    kind = {"type": "function_call", "name": "f", "arguments": '{"q": 1}'}
    return {"status": "completed", "output": [{**kind, "id": one, "call_id": one} for one in ids]}


def messages_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in the Messages format."""
    content = [{"type": "tool_use", "id": one, "name": "f", "input": {"q": 1}} for one in ids]
    return {"type": "message", "content": content, "stop_reason": "tool_use"}


def converse_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in the Converse format."""
    content = [{"toolUse": {"toolUseId": one, "name": "f", "input": {"q": 1}}} for one in ids]
    return {"output": {"message": {"content": content}}, "stopReason": "tool_use"}


def gemini_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in Google's format."""
    parts = [{"functionCall": {"id": one, "name": "f", "args": {"q": 1}}} for one in ids]
    return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}


def cohere_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in Cohere's format."""
    calls = [{"id": one, "function": {"name": "f", "arguments": '{"q": 1}'}} for one in ids]
    return {"message": {"tool_calls": calls}, "finish_reason": "TOOL_CALL"}


def ollama_calls(ids: Sequence[object]) -> JsonObject:
    """Return tool calls in Ollama's format."""
    calls = [{"id": one, "function": {"name": "f", "arguments": {"q": 1}}} for one in ids]
    return {"message": {"tool_calls": calls}, "done": True}


CALLS: Mapping[str, Calls] = {
    "openai_chat": chat_calls,
    "openai_responses": responses_calls,
    "anthropic_messages": messages_calls,
    "bedrock_converse": converse_calls,
    "gemini": gemini_calls,
    "cohere_chat": cohere_calls,
    "ollama_chat": ollama_calls,
}
each_format = pytest.mark.parametrize("wire_format", sorted(ANSWERS))


def read(wire_format: str, make_call: MakeCall, body: JsonObject) -> Answer:
    """Return the answer in a complete body; JSON of Python writes NaN as vendors do."""
    head = ResponseHead(
        status=200, headers={"content-type": "application/json"}, received_at=1_790_000_000.0
    )
    decoder = adapter(wire_format, DIALECTS[wire_format]).decoder(make_call(), head)
    events: list[AnswerEvent] = [*decoder.feed(json.dumps(body).encode()), *decoder.end()]
    assert isinstance(events[-1], Finished)
    return collect(events)


@each_format
@given(usage=USAGES)
def test_no_usage_costs_an_answer(
    make_call: MakeCall, wire_format: str, usage: Mapping[str, object]
) -> None:
    """What a vendor counts is a whole number within reason, or it is marked as estimated."""
    answer = read(wire_format, make_call, ANSWERS[wire_format]("m", usage))

    assert [part.text for part in answer.parts if isinstance(part, TextPart)] == ["hi"]
    if answer.usage is not None:
        counted = answer.usage
        inputs, outputs = counted.input_tokens, counted.output_tokens
        for count in (inputs, outputs):
            assert type(count) is int
            assert 0 <= count <= MOST_TOKENS
        assert 0 <= counted.cached_input_tokens + counted.cache_write_tokens <= inputs
        assert 0 <= counted.input_audio_tokens <= inputs
        assert 0 <= counted.reasoning_tokens <= outputs
        assert 0 <= counted.output_audio_tokens <= outputs


@each_format
@given(label=VALUES | st.just("m" * 1_000) | st.just("a\x1b[2Jb\n"))
def test_no_label_costs_an_answer(make_call: MakeCall, wire_format: str, label: object) -> None:
    """Names of models and answers are short texts on one line, whatever a vendor wrote."""
    answer = read(wire_format, make_call, ANSWERS[wire_format](label, {}))

    assert [part.text for part in answer.parts if isinstance(part, TextPart)] == ["hi"]
    for name in (answer.finish.model_version, answer.finish.response_id):
        assert isinstance(name, str)
        assert len(name) <= LONGEST_LABEL
        assert not name or name.isprintable()


@each_format
@given(ids=st.lists(ODD | st.sampled_from(["x", "call-1", "x-1"]), min_size=1, max_size=6))
def test_every_call_has_an_id_of_its_own(
    make_call: MakeCall, wire_format: str, ids: list[object]
) -> None:
    """Results name their call by its id."""
    answer = read(wire_format, make_call, CALLS[wire_format](ids))

    given_ids = [part.call_id for part in answer.parts if isinstance(part, ToolCall)]
    assert len(given_ids) == len(set(given_ids)) == len(ids)
    assert all(given_ids)
    arguments = [part.arguments_json for part in answer.parts if isinstance(part, ToolCall)]
    assert [json.loads(text) for text in arguments] == [{"q": 1}] * len(ids)


@each_format
def test_calls_without_an_end_are_refused(make_call: MakeCall, wire_format: str) -> None:
    """Reading them would hold up everybody else."""
    body = CALLS[wire_format]([f"c{number}" for number in range(MOST_CALLS + 1)])

    with pytest.raises(AttemptFailedError):
        read(wire_format, make_call, body)


FAILURES: Mapping[str, JsonObject] = {
    "openai_chat": {
        **chat("m", {"prompt_tokens": 9, "completion_tokens": 2}),
        "error": {"code": 1},
    },
    "openai_responses": {
        **responses("m", {"input_tokens": 9, "output_tokens": 2}),
        "status": "failed",
    },
    "anthropic_messages": {
        **messages("m", {"input_tokens": 9, "output_tokens": 2}),
        "content": [{"type": "text", "text": 5}],
    },
    "bedrock_converse": {
        **converse("m", {"inputTokens": 9, "outputTokens": 2}),
        "stopReason": "malformed_tool_use",
    },
    "gemini": {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2},
    },
    "cohere_chat": {
        **cohere("m", {}),
        "usage": {"tokens": {"input_tokens": 9, "output_tokens": 2}},
        "finish_reason": "ERROR",
    },
    "ollama_chat": {
        **ollama("m", {"prompt_eval_count": 9, "eval_count": 2}),
        "message": {"content": ""},
    },
}


@each_format
def test_usage_of_a_failed_answer_is_counted(make_call: MakeCall, wire_format: str) -> None:
    """Vendors bill answers that are of no use."""
    with pytest.raises(AttemptFailedError) as failed:
        read(wire_format, make_call, FAILURES[wire_format])

    counted = failed.value.counted
    assert isinstance(counted, UsageCounted)
    assert (counted.usage.input_tokens, counted.usage.output_tokens) == (9, 2)
    assert not counted.usage.estimated
