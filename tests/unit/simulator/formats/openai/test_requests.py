"""Requests in OpenAI's format: accepted where OpenAI accepts, refused in its words."""

from __future__ import annotations

import base64
import copy
import json
import pathlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator import DEFAULT_MODELS, SimulatedModel
from routersvc.simulator.answers.completions import CompletionRequest
from routersvc.simulator.answers.models import ReasoningEffort
from routersvc.simulator.answers.tools import ToolMode
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.formats.replies import RefusedError

_FORMAT = OpenAIChatFormat(DEFAULT_MODELS, seed=0)
_DEAF_AND_BLIND = OpenAIChatFormat((SimulatedModel(id="sim-large", vision=False),), seed=0)
_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(10)).decode()
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
# Recorded requests that ask for what the simulated models do not offer, or whose
# images were taken out of the recording.
_NOT_SERVED = ("search-pr", "openai-image.7fbc260a")


def _body(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON body
    body: dict[str, Any] = {
        "model": "sim-large",
        "messages": [{"role": "user", "content": "Hello there"}],
    }
    body.update(changes)
    return {key: value for key, value in body.items() if value is not ...}


def _read(body: object, wire_format: OpenAIChatFormat = _FORMAT) -> CompletionRequest:
    return wire_format.read(Completion(), orjson.dumps(body))


def _refused(body: object, wire_format: OpenAIChatFormat = _FORMAT) -> tuple[int, dict[str, Any]]:
    with pytest.raises(RefusedError) as refused:
        _read(body, wire_format)
    return refused.value.answer.status, orjson.loads(refused.value.answer.body)["error"]


def test_a_request_is_read_whole() -> None:
    """Everything that changes an answer arrives in the request."""
    request = _read(
        _body(
            messages=[
                {"role": "developer", "content": "Be brief, in JSON."},
                {"role": "user", "content": [{"type": "text", "text": "Where is Zürich?"}]},
            ],
            stream=True,
            stream_options={"include_usage": True, "include_obfuscation": False},
            max_completion_tokens=50,
            stop=["END"],
            seed=7,
            logprobs=True,
            top_logprobs=2,
            tools=[_TOOL],
            tool_choice="required",
            parallel_tool_calls=False,
            response_format={"type": "json_object"},
        )
    )

    assert request.model.id == "sim-large"
    assert request.prompt.last_user_text == "Where is Zürich?"
    # 3 to begin the answer, 4 for each of 2 messages, 36 bytes of text and line break.
    assert request.prompt.tokens == 3 + 8 + 9
    assert (request.streaming, request.usage_in_stream, request.obfuscated) == (True, True, False)
    assert (request.max_tokens, request.stop, request.seed) == (50, ("END",), 7)
    assert (request.top_logprobs, request.json_schema) == (2, {})
    assert (request.tool_mode, request.parallel_tool_calls) == (ToolMode.REQUIRED, False)
    assert [offer.name for offer in request.tools] == ["weather"]


def test_images_are_accepted_and_counted_by_their_detail() -> None:
    """A router that routes by modality needs a provider that takes images."""
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PNG}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "text", "text": "What is this?"},
    ]

    request = _read(_body(messages=[{"role": "user", "content": parts}]))

    assert request.prompt.image_parts == 2
    assert request.prompt.tokens > 765 + 85
    assert request.prompt.last_user_text == "What is this?"


def test_a_model_may_be_asked_for_by_its_version() -> None:
    """Pinning a version is how compliance asks."""
    assert _read(_body(model="sim-large-2026-03-01")).model.id == "sim-large"


def test_unary_and_streamed_requests_have_the_same_digest() -> None:
    """So both get the same answer."""
    digests = {_read(_body(stream=stream)).prompt.digest for stream in (False, True)}

    assert len(digests) == 1


def test_reasoning_effort_is_read_for_reasoning_models() -> None:
    """Others do not know the parameter."""
    request = _read(_body(model="sim-reasoner", reasoning_effort="high"))

    assert request.reasoning_effort is ReasoningEffort.HIGH


def test_a_conversation_with_tool_results_is_accepted() -> None:
    """The second turn of every agent looks like this."""
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]

    request = _read(_body(messages=messages, tools=[_TOOL]))

    assert request.prompt.after_tool_results


@pytest.mark.parametrize(
    ("change", "param", "code", "message"),
    [
        ({"model": ...}, None, None, "you must provide a model parameter"),
        ({"model": 3}, "model", "invalid_type", "Invalid type for 'model': expected a string,"),
        ({"messages": ...}, "messages", "missing_required_parameter", "Missing required param"),
        (
            {"messages": "x"},
            "messages",
            "invalid_type",
            "Invalid type for 'messages': expected an array of objects, but got a string instead.",
        ),
        ({"messages": []}, "messages", "empty_array", "Invalid 'messages': empty array."),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            "messages[0].role",
            "invalid_value",
            (
                "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', "
                "'function', 'tool', and 'developer'."
            ),
        ),
        (
            {"messages": [{"role": "user"}]},
            "messages.[0].content",
            None,
            "Invalid value for 'content': expected a string, got null.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
            "Missing required parameter: 'messages[0].content[0].text'.",
        ),
        (
            {"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]},
            "messages.[0].role",
            None,
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{}"}}],
                    },
                    {"role": "user", "content": "x"},
                ]
            },
            "messages.[1].role",
            None,
            "An assistant message with 'tool_calls' must be followed by tool messages",
        ),
        ({"colour": 1}, None, None, "Unrecognized request argument supplied: colour"),
        (
            {"temperature": -0.5},
            "temperature",
            "decimal_below_min_value",
            (
                "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, but "
                "got -0.5 instead."
            ),
        ),
        ({"temperature": 3}, "temperature", "decimal_above_max_value", "Invalid 'temperature'"),
        ({"top_p": "x"}, "top_p", "invalid_type", "Invalid type for 'top_p': expected a decimal"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value", "Invalid 'max_tokens': int"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type", "Invalid type for 'max_tokens'"),
        ({"max_tokens": 20_000}, "max_tokens", "invalid_value", "max_tokens is too large: 20000."),
        (
            {"max_tokens": 1, "max_completion_tokens": 1},
            "max_tokens",
            "invalid_parameter_combination",
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        ),
        ({"n": 2}, "n", "unsupported_value", "Unsupported value: 'n' does not support 2 with"),
        ({"stream": "yes"}, "stream", "invalid_type", "Invalid type for 'stream': expected a bo"),
        (
            {"stream_options": {"include_usage": True}},
            "stream_options",
            None,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ),
        ({"stop": list("abcde")}, "stop", "array_above_max_length", "Invalid 'stop': array too"),
        ({"top_logprobs": 2}, "top_logprobs", None, "The 'top_logprobs' parameter is only allow"),
        (
            {"reasoning_effort": "low"},
            None,
            None,
            "Unrecognized request argument supplied: reasoning_effort",
        ),
        (
            {"model": "sim-reasoner", "temperature": 0.5},
            "temperature",
            "unsupported_value",
            (
                "Unsupported value: 'temperature' does not support 0.5 with this model. Only the "
                "default (1) value is supported."
            ),
        ),
        (
            {"model": "sim-reasoner", "reasoning_effort": "huge"},
            "reasoning_effort",
            "invalid_value",
            "Invalid value: 'huge'. Supported values are: 'none', 'minimal'",
        ),
        (
            {"model": "sim-reasoner", "logprobs": True},
            "logprobs",
            "unsupported_parameter",
            "Unsupported parameter: 'logprobs' is not supported with this model.",
        ),
        ({"tools": []}, "tools", "empty_array", "Invalid 'tools': empty array."),
        ({"tool_choice": "auto"}, "tool_choice", None, "Invalid value for 'tool_choice': 'tool_"),
        (
            {"tools": [{"type": "custom"}]},
            "tools[0].type",
            "invalid_value",
            "Invalid value: 'custom'. Supported values are: 'function'.",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            "tools[0].function.name",
            "invalid_value",
            "Invalid 'tools[0].function.name': string does not match pattern.",
        ),
        (
            {"tools": [_TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
            "tool_choice",
            None,
            "Tool choice 'x' not found in 'tools' parameter.",
        ),
        ({"functions": "x"}, "functions", "unsupported_parameter", "Unsupported parameter: 'fun"),
        (
            {"response_format": {"type": "xml"}},
            "response_format.type",
            "invalid_value",
            "Invalid value: 'xml'.",
        ),
        (
            {"response_format": {"type": "json_object"}},
            "messages",
            None,
            "'messages' must contain the word 'json' in some form",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "array"}},
                }
            },
            "response_format",
            None,
            "Invalid schema for response_format 'x': schema must be a JSON Schema of 'type:",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "x",
                        "strict": True,
                        "schema": {
                            "type": "object",
                            "properties": {"a": {"type": "string"}},
                            "required": [],
                            "additionalProperties": False,
                        },
                    },
                }
            },
            "response_format",
            None,
            (
                "Invalid schema for response_format 'x': In context=(), 'required' is required "
                "to be "
                "supplied and to be an array including every key in properties. Missing 'a'."
            ),
        ),
    ],
)
def test_what_openai_refuses_is_refused_in_its_words(
    change: dict[str, Any], param: str | None, code: str | None, message: str
) -> None:
    """Adapters tell errors apart by status, type, code and sometimes by the sentence."""
    status, error = _refused(_body(**change))

    assert status == 400
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert error["message"].startswith(message)


def test_an_unknown_model_is_not_found() -> None:
    """404 with its own code, from the edge, is how OpenAI answers."""
    status, error = _refused(_body(model="sim-huge"))

    assert status == 404
    assert error == {
        "message": "The model `sim-huge` does not exist or you do not have access to it.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_found",
    }


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"3", b'"\xff"'])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    """The API answers before it looks at any key."""
    with pytest.raises(RefusedError) as refused:
        _FORMAT.read(Completion(), raw)

    assert refused.value.answer.status == 400
    assert b"We could not parse the JSON body of your request." in refused.value.answer.body


@pytest.mark.parametrize(
    ("words", "max_tokens", "message"),
    [
        (
            20_000,
            None,
            (
                "This model's maximum context length is 16384 tokens. However, your messages "
                "resulted in 25007 tokens. Please reduce the length of the messages."
            ),
        ),
        (
            12_000,
            3_000,
            (
                "This model's maximum context length is 16384 tokens. However, you requested 18007 "
                "tokens (15007 in the messages, 3000 in the completion). Please reduce the "
                "length of "
                "the messages or completion."
            ),
        ),
    ],
)
def test_a_prompt_beyond_the_window_is_refused(
    words: int, max_tokens: int | None, message: str
) -> None:
    """The router's next step depends on this code."""
    body = _body(
        model="sim-small",
        messages=[{"role": "user", "content": "word " * words}],
        max_tokens=max_tokens,
    )

    status, error = _refused(body)

    assert (status, error["code"]) == (400, "context_length_exceeded")
    assert (error["param"], error["message"]) == ("messages", message)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,@@@", "invalid_base64"),
        (f"data:image/png;base64,{base64.b64encode(b'plain text').decode()}", "invalid_image_for"),
        ("ftp://example.com/x.png", "invalid_value"),
    ],
)
def test_images_that_are_none_are_refused(url: str, code: str) -> None:
    """OpenAI looks at the bytes, not at the declared type."""
    parts = [{"type": "image_url", "image_url": {"url": url}}]

    status, error = _refused(_body(messages=[{"role": "user", "content": parts}]))

    assert status == 400
    assert error["code"].startswith(code)


def test_a_model_without_eyes_or_ears_refuses_images_and_audio() -> None:
    """Capability negotiation is tested against this."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    audio = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}

    seen = _refused(_body(messages=[{"role": "user", "content": [image]}]), _DEAF_AND_BLIND)[1]
    heard = _refused(_body(messages=[{"role": "user", "content": [audio]}]), _DEAF_AND_BLIND)[1]

    assert seen["message"] == "Invalid content type. image_url is only supported by certain models."
    assert heard["message"].startswith("Invalid 'messages[0]'. Content blocks are expected to be")


def _recorded(shared: pathlib.Path) -> list[tuple[str, dict[str, Any]]]:
    exchanges = [
        (file.name, json.loads(file.read_text(encoding="utf-8")))
        for file in sorted((shared / "wire/openai").glob("*/chat_completions.*.json"))
    ]
    return [
        (name, exchange)
        for name, exchange in exchanges
        if isinstance(exchange["request"].get("json"), dict)
        and "model" in exchange["request"]["json"]
        and not any(part in name for part in _NOT_SERVED)
    ]


def _format_for(model: str) -> OpenAIChatFormat:
    simulated = SimulatedModel(
        id=model,
        reasoning=model.startswith(("gpt-5", "o1", "o3", "o4")),
        audio="audio" in model,
        context_window=1_000_000,
        max_output_tokens=128_000,
    )
    return OpenAIChatFormat((simulated,), seed=0)


def test_every_recorded_request_that_openai_answered_is_accepted(shared: pathlib.Path) -> None:
    """Real clients send these: a simulator that refuses them would be useless."""
    answered = [(n, e) for n, e in _recorded(shared) if e["response"]["status"] == 200]
    refused: dict[str, bytes] = {}
    for name, exchange in answered:
        body = exchange["request"]["json"]
        try:
            _read(body, _format_for(body["model"]))
        except RefusedError as error:
            refused[name] = error.answer.body

    assert len(answered) > 80
    assert refused == {}


@pytest.mark.parametrize(
    "part",
    [
        "chat-bad-request.cfbd2ada",
        "handles-optional-properties-in-strict-mode.07647a9a",
        "openai-gpt-5-mini-completions.b68b581c",
        "test-multimodal-tool-return-matrix-direct-binary.500996bd",
        "test-vision-base64.eb3b291d",
    ],
)
def test_recorded_refusals_are_repeated_word_for_word(shared: pathlib.Path, part: str) -> None:
    """The recorded answer of the real API is the judge."""
    [(_, exchange)] = [(n, e) for n, e in _recorded(shared) if part in n]
    body = exchange["request"]["json"]

    status, error = _refused(body, _format_for(body["model"]))

    assert status == exchange["response"]["status"]
    assert error == exchange["response"]["json"]["error"]


_KEYS = st.sampled_from(
    [
        *("role", "content", "type", "text", "tools", "tool_calls", "function", "name", "id"),
        *("image_url", "url", "parameters", "json_schema", "schema", "strict", "properties"),
        *("stream_options", "include_usage", "tool_call_id", "arguments", "allowed_tools", "mode"),
    ]
)
_VALUES = st.sampled_from(["user", "assistant", "tool", "text", "function", "json_schema", "auto"])
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-3, 3)
    | st.text(max_size=3)
    | _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(
    changes=st.dictionaries(
        st.sampled_from(
            [
                *("model", "messages", "tools", "tool_choice", "response_format", "stop", "stream"),
                *("stream_options", "logprobs", "top_logprobs", "seed", "n", "max_tokens"),
                *("temperature", "parallel_tool_calls", "reasoning_effort"),
            ]
        ),
        _JSON,
        max_size=3,
    )
)
def test_any_json_is_read_or_refused(changes: dict[str, Any]) -> None:
    """Nothing that a client sends may break the simulator."""
    body = copy.deepcopy(_body())
    body.update(changes)

    try:
        request = _read(body)
    except RefusedError as error:
        answer = error.answer
    else:
        assert request.prompt.tokens > 0
        return
    assert answer.status in {400, 404}
    assert orjson.loads(answer.body)["error"].keys() == {"message", "type", "param", "code"}
