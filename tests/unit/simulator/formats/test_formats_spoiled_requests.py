"""Requests with one value replaced by any other: read or refused, never a defect."""

from __future__ import annotations

import copy
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator import DEFAULT_MODELS, WIRE_FORMATS, Behaviour
from routersvc.simulator.answers.author import Author
from routersvc.simulator.errors import SchemaError
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.formats.replies import RefusedError

Json = dict[str, Any]

_FORMATS = {name: make(DEFAULT_MODELS, 0) for name, make in WIRE_FORMATS.items()}
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}}
_TEXT = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
_OPENAI: Json = {
    "model": "sim-reasoner",
    "messages": [
        _TEXT,
        {"role": "assistant", "content": "x", "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": _SCHEMA}}],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": _SCHEMA}},
    "stream": True,
}
_BODIES: dict[str, Json] = {
    "openai_chat": _OPENAI,
    "azure_openai": _OPENAI,
    "openai_responses": {
        "model": "sim-reasoner",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
            {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "sunny"},
        ],
        "instructions": "x",
        "tools": [{"type": "function", "name": "weather", "parameters": _SCHEMA}],
        "tool_choice": "auto",
        "text": {"format": {"type": "json_schema", "name": "x", "schema": _SCHEMA}},
        "reasoning": {"effort": "low"},
        "stream_options": {"include_obfuscation": True},
        "max_output_tokens": 64,
    },
    "anthropic_messages": {
        "model": "sim-reasoner",
        "max_tokens": 4096,
        "system": [{"type": "text", "text": "x"}],
        "messages": [
            _TEXT,
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t", "name": "weather", "input": {}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": "sunny"}],
            },
        ],
        "tools": [{"name": "weather", "input_schema": _SCHEMA}],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": _SCHEMA}},
        "stop_sequences": ["x"],
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "Hello"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "weather", "response": {}}}],
            },
        ],
        "systemInstruction": {"parts": [{"text": "x"}]},
        "tools": [{"functionDeclarations": [{"name": "weather", "parameters": _SCHEMA}]}],
        "toolConfig": {
            "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}
        },
        "generationConfig": {
            "maxOutputTokens": 64,
            "stopSequences": ["x"],
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": {"a": {"minItems": "1"}}},
            "thinkingConfig": {"thinkingLevel": "low"},
        },
    },
    "bedrock_converse": {
        "messages": [
            {"role": "user", "content": [{"text": "Hello"}]},
            {
                "role": "assistant",
                "content": [{"toolUse": {"toolUseId": "t", "name": "weather", "input": {}}}],
            },
            {
                "role": "user",
                "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "sunny"}]}}],
            },
        ],
        "system": [{"text": "x"}],
        "inferenceConfig": {"maxTokens": 64, "temperature": 0.5, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": _SCHEMA}}}],
            "toolChoice": {"auto": {}},
        },
        "outputConfig": {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": orjson.dumps(_SCHEMA).decode()}},
            }
        },
    },
    "cohere_chat": {
        **{key: entry for key, entry in _OPENAI.items() if key != "tool_choice"},
        "response_format": {"type": "json_object", "json_schema": _SCHEMA},
        "thinking": {"type": "enabled"},
        "stop_sequences": ["x"],
    },
    "mistral_chat": {**_OPENAI, "prompt_mode": "reasoning", "stop": ["x"]},
}
_JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(0, 2) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "role", "text", "content", "name", "properties", "required"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def _places(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [place] if place else []
    if isinstance(value, dict):
        for key, entry in cast("Json", value).items():
            found += _places(entry, (*place, key))
    elif isinstance(value, list):
        for at, entry in enumerate(cast("list[object]", value)):
            found += _places(entry, (*place, at))
    return found


def _spoiled(body: Json, place: tuple[str | int, ...], value: object) -> Json:
    spoiled = copy.deepcopy(body)
    owner: Any = spoiled
    for step in place[:-1]:
        owner = owner[step]
    owner[place[-1]] = value
    return spoiled


@pytest.mark.parametrize("name", sorted(_BODIES))
def test_the_bodies_are_valid_before_they_are_spoiled(name: str) -> None:
    """Or nothing behind the first check would be tried."""
    completion = Completion(model="sim-reasoner", streaming=True, version="2023-06-01")

    request = _FORMATS[name].read(completion, orjson.dumps(_BODIES[name]))

    assert (request.model.id, len(request.tools)) == ("sim-reasoner", 1)


@pytest.mark.parametrize("name", sorted(_BODIES))
@given(data=st.data())
def test_a_spoiled_request_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """And what was read is answered, unless its schema is one that nothing fits."""
    place = data.draw(st.sampled_from(_places(_BODIES[name])))
    body = _spoiled(_BODIES[name], place, data.draw(_JSON))
    completion = Completion(model="sim-reasoner", streaming=True, version="2023-06-01")
    wire_format = _FORMATS[name]

    try:
        request = wire_format.read(completion, orjson.dumps(body))
        answer = Author(0).compose(request, Behaviour())
    except (RefusedError, SchemaError):
        return

    script = wire_format.stream(answer, request, 3)
    assert sum(tokens for _, tokens in script.contents) <= answer.tokens
    assert wire_format.unary(answer, request)
