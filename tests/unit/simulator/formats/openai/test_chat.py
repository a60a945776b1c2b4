"""OpenAI's format: what the simulator writes looks like what was recorded."""

from __future__ import annotations

import json
import math
import pathlib
from typing import Any, cast

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator import DEFAULT_MODELS, Behaviour, Constant, Problem, Refusal, WrongModel
from routersvc.simulator.answers.author import Author
from routersvc.simulator.faults.effects import GATEWAY_PROBLEMS, Effect
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.openai.errors import duration
from routersvc.simulator.formats.operations import Completion, ModelCard, ModelList, RequestHead
from routersvc.simulator.formats.replies import (
    Complaint,
    Headroom,
    HttpAnswer,
    Identity,
    RefusedError,
)

_FORMAT = OpenAIChatFormat(DEFAULT_MODELS, seed=0)
_AUTHOR = Author(0)
_BEHAVIOUR = Behaviour(tokens_per_answer=Constant(value=6))
_IDENTITY = Identity(serial=5, created=1_770_000_000)
_HEADROOM = Headroom(
    limit_requests=10_000,
    limit_tokens=200_000,
    remaining_requests=9_999,
    remaining_tokens=199_967,
    requests_reset=0.006,
    tokens_reset=6.02,
)
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def _request_body(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON body
    return {
        "model": "sim-large",
        "messages": [{"role": "user", "content": "Hello there"}],
        **changes,
    }


def _unary(
    effect: Effect | None = None,
    behaviour: Behaviour = _BEHAVIOUR,
    **changes: Any,  # noqa: ANN401 - a JSON body
) -> Any:  # noqa: ANN401 - a JSON body
    request = _FORMAT.read(Completion(), orjson.dumps(_request_body(**changes)))
    answer = _AUTHOR.compose(request, behaviour, effect)
    return json.loads(_FORMAT.sign(_FORMAT.unary(answer, request), _IDENTITY))


def _stream(
    effect: Effect | None = None,
    behaviour: Behaviour = _BEHAVIOUR,
    **changes: Any,  # noqa: ANN401 - a JSON body
) -> list[Any]:
    body = _request_body(stream=True, **changes)
    request = _FORMAT.read(Completion(), orjson.dumps(body))
    answer = _AUTHOR.compose(request, behaviour, effect)
    script = _FORMAT.stream(answer, request, behaviour.tokens_per_chunk)
    frames = [script.opening, *(frame for frame, _ in script.contents), script.closing]
    text = _FORMAT.sign(b"".join([*frames, script.terminator]), _IDENTITY).decode()
    events = text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]


def test_a_stream_has_openais_order() -> None:
    """Role, content, finish, usage without choices, terminator."""
    chunks = _stream(stream_options={"include_usage": True})

    role, *content, finish, usage = chunks
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert [chunk["choices"][0]["delta"].keys() for chunk in content] == [{"content"}] * 6
    assert finish["choices"][0]["delta"] == {}
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert [chunk["choices"][0]["finish_reason"] for chunk in [role, *content]] == [None] * 7
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == 6
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * 8
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1


def test_without_the_option_no_chunk_speaks_of_usage() -> None:
    """The key is absent then, as recorded."""
    assert not any("usage" in chunk for chunk in _stream())


def test_a_stream_adds_up_to_the_unary_answer() -> None:
    """The pieces add up to the same text, with and without larger chunks."""
    text = _unary()["choices"][0]["message"]["content"]

    for tokens_per_chunk in (1, 4, 100):
        behaviour = Behaviour(
            tokens_per_answer=Constant(value=6), tokens_per_chunk=tokens_per_chunk
        )
        deltas = [chunk["choices"][0]["delta"] for chunk in _stream(behaviour=behaviour)]
        assert "".join(delta.get("content") or "" for delta in deltas) == text


def test_obfuscation_can_be_declined() -> None:
    """`include_obfuscation` is on by default."""
    declined = _stream(stream_options={"include_obfuscation": False})

    assert all("obfuscation" in chunk for chunk in _stream())
    assert not any("obfuscation" in chunk for chunk in declined)


def test_one_tool_call_is_opened_in_the_role_chunk() -> None:
    """As recorded of gpt-4o: id and name first, arguments in pieces after."""
    first, *rest, finish = _stream(tools=[_TOOL], tool_choice="required")

    delta = first["choices"][0]["delta"]
    pieces = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in rest]
    assert list(delta) == ["role", "content", "tool_calls", "refusal"]
    assert delta["content"] is None
    assert delta["tool_calls"][0]["function"] == {"name": "weather", "arguments": ""}
    assert delta["tool_calls"][0]["id"].startswith("call_")
    assert all(piece.keys() == {"index", "function"} for piece in pieces)
    arguments = "".join(piece["function"]["arguments"] for piece in pieces)
    assert json.loads(arguments).keys() == {"city"}
    assert len(pieces) > 2
    assert finish["choices"][0]["finish_reason"] == "tool_calls"


def test_parallel_tool_calls_are_opened_one_after_the_other() -> None:
    """As recorded of gpt-4o-mini: a bare role chunk, then each call with its index."""
    behaviour = Behaviour(tool_calls_per_answer=2)

    first, *rest, _ = _stream(behaviour=behaviour, tools=[_TOOL])

    calls = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in rest]
    opened = [call for call in calls if "id" in call]
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None}
    assert [call["index"] for call in opened] == [0, 1]
    assert [call["index"] for call in calls] == sorted(call["index"] for call in calls)


def test_a_named_tool_finishes_with_stop() -> None:
    """Recorded, and easily got wrong."""
    choice = {"type": "function", "function": {"name": "weather"}}

    answer = _unary(tools=[_TOOL], tool_choice=choice)["choices"][0]

    assert answer["finish_reason"] == "stop"
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "weather"
    assert answer["message"]["content"] is None


def test_a_refusal_is_said_in_its_own_field() -> None:
    """Content is null in the unary answer; the stream has refusal deltas."""
    message = _unary(Refusal(text="No, sorry."))["choices"][0]["message"]
    deltas = [chunk["choices"][0]["delta"] for chunk in _stream(Refusal(text="No, sorry."))]

    assert (message["content"], message["refusal"]) == (None, "No, sorry.")
    assert "".join(delta.get("refusal") or "" for delta in deltas) == "No, sorry."
    assert not any(delta.get("content") for delta in deltas)


def test_logprobs_have_their_alternatives_in_falling_order() -> None:
    """Consumers sum them up and compare them."""
    content = _unary(logprobs=True, top_logprobs=3)["choices"][0]["logprobs"]["content"]

    assert len(content) == 6
    for token in content:
        chances = [math.exp(entry["logprob"]) for entry in token["top_logprobs"]]
        assert bytes(token["bytes"]).decode() == token["token"]
        assert token["top_logprobs"][0]["token"] == token["token"]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) <= 1
    streamed = [chunk["choices"][0]["logprobs"] for chunk in _stream(logprobs=True, top_logprobs=3)]
    assert [entry["content"][0] for entry in streamed if entry] == content


def test_reasoning_models_have_neither_fingerprint_nor_logprobs() -> None:
    """As recorded of gpt-5."""
    answer = _unary(model="sim-reasoner", max_completion_tokens=300)

    assert answer["system_fingerprint"] is None
    assert "logprobs" not in answer["choices"][0]
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 192
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + 198


def test_signing_changes_identity_and_nothing_else() -> None:
    """A remembered answer is new to its receiver."""
    request = _FORMAT.read(Completion(), orjson.dumps(_request_body()))
    body = _FORMAT.unary(_AUTHOR.compose(request, _BEHAVIOUR), request)

    first = json.loads(_FORMAT.sign(body, Identity(serial=1, created=10)))
    second = json.loads(_FORMAT.sign(body, Identity(serial=2, created=20)))

    assert (first.pop("id"), first.pop("created")) != (second.pop("id"), second.pop("created"))
    assert first == second


@given(text=st.text())
def test_no_text_can_forge_a_signature(text: str) -> None:
    """The place of the signature is marked by what JSON cannot contain."""
    effect = Refusal(text=text)

    answer = _unary(effect)

    assert answer["choices"][0]["message"]["refusal"] == text
    assert answer["id"] == "chatcmpl-5feceb66ffc86f38d952700000005"


def test_the_model_that_answers_is_the_dated_one() -> None:
    """OpenAI answers with the snapshot behind an alias."""
    assert _unary()["model"] == "sim-large-2026-03-01"
    assert _unary(WrongModel(reported_model="x"))["model"] == "x"


# ---- against recorded traffic and the published schemas -------------------------


def _shape(value: object) -> object:
    """Return keys and their order, without values; lists by their first entry."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {key: _shape(entry) for key, entry in entries.items()}
    if isinstance(value, list):
        return [_shape(entry) for entry in cast("list[object]", value)[:1]]
    return None


def _recorded(shared: pathlib.Path, part: str) -> Any:  # noqa: ANN401 - JSON
    [file] = (shared / "wire/openai").glob(f"*/*{part}*.json")
    return json.loads(file.read_text(encoding="utf-8"))


def _recorded_chunks(shared: pathlib.Path, part: str) -> list[Any]:
    text: str = _recorded(shared, part)["response"]["text"]
    return [
        json.loads(event.removeprefix("data: "))
        for event in text.split("\n\n")
        if event.startswith("data: {")
    ]


def _ordered(value: object) -> str:
    return json.dumps(_shape(value))


def test_unary_answers_have_the_recorded_shape(shared: pathlib.Path) -> None:
    """Key for key, in the same order."""
    recorded = _recorded(shared, "test-auto-agno.53c08046")["response"]["json"]

    assert _ordered(_unary()) == _ordered(recorded)


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("stream-version-latest.a40d7a5d", {}),
        (
            "test-chat-completion-with-context-manager-stream.cf869ea4",
            {"stream_options": {"include_usage": True}},
        ),
        (
            "test-openai-simple-request.e6e94ce1",
            {"model": "sim-reasoner", "stream_options": {"include_usage": True}},
        ),
        (
            "openai-gpt-4o-completions.04631949",
            {
                "tools": [_TOOL],
                "tool_choice": "required",
                "stream_options": {"include_usage": True},
            },
        ),
    ],
)
def test_streams_have_the_recorded_shapes(
    shared: pathlib.Path, part: str, changes: dict[str, Any]
) -> None:
    """First, second, finish and last chunk, key for key, in the same order."""
    recorded = _recorded_chunks(shared, part)

    written = _stream(**changes)

    for at in (0, 1, -2, -1):
        assert _ordered(written[at]) == _ordered(recorded[at])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"logprobs": True, "top_logprobs": 2},
        {"tools": [_TOOL]},
        {"stop": ["."], "max_tokens": 3},
    ],
)
def test_answers_are_valid_for_the_published_schemas(
    shared: pathlib.Path, changes: dict[str, Any]
) -> None:
    """The vendor's OpenAPI document is another judge.

    Not of reasoning models: what the real ones send fails this very schema.
    """
    specs = shared / "wire/specs"
    unary = json.loads((specs / "openai.chat.response.schema.json").read_text())
    chunk = json.loads((specs / "openai.chat.stream_chunk.schema.json").read_text())

    for schema, answers in ((unary, [_unary(**changes)]), (chunk, _stream(**changes))):
        for answer in answers:
            jsonschema.validate(answer, schema)


_ERRORS = {
    "rate_limit.429.unary.rate-limit-rpm": Problem.RATE_LIMIT,
    "request_too_large.429.unary.request-larger-than-tpm": Problem.REQUEST_TOO_LARGE,
    "quota_exhausted.429.unary.insufficient-quota": Problem.INSUFFICIENT_QUOTA,
    "quota_exhausted.429.unary.organization-spend-limit-exceeded": Problem.SPEND_LIMIT,
    "permission.403.unary.unsupported-region": Problem.FORBIDDEN,
    "context_length.400.unary.context-length-chat": Problem.CONTEXT_LENGTH,
    "content_filter.400.unary.policy-invalid-prompt": Problem.CONTENT_POLICY,
    "overloaded.503.unary.server-is-overloaded": Problem.OVERLOADED,
    "overloaded.503.unary.slow-down-legacy": Problem.SLOW_DOWN,
    "server_error.500.unary.server-error": Problem.SERVER_ERROR,
}


@pytest.mark.parametrize("part", sorted(_ERRORS))
def test_problems_are_worded_as_the_vendor_words_them(shared: pathlib.Path, part: str) -> None:
    """Adapters classify by these words; names and limits in them are placeholders."""
    file = shared / f"wire/errors/openai/{part}.json"
    response = json.loads(file.read_text(encoding="utf-8"))["response"]

    answer = _FORMAT.error(Complaint(problem=_ERRORS[part], model="MODEL"))

    said: str = json.loads(answer.body)["error"]["message"].replace("org-simulated", "org-EXAMPLE")
    assert answer.status == response["status"]
    assert {**json.loads(answer.body)["error"], "message": said} == response["json"]["error"]


@pytest.mark.parametrize(
    ("part", "problem", "status"),
    [
        ("server_error.502.unary.html-502", Problem.BAD_GATEWAY, None),
        ("overloaded.503.unary.html-503", Problem.UNAVAILABLE, None),
        ("request_too_large.413.unary.html-413", Problem.PAYLOAD_TOO_LARGE, None),
        ("server_error.520.unary.html-520", Problem.CDN, None),
        ("timeout.524.unary.html-524", Problem.CDN, 524),
    ],
)
def test_gateways_answer_with_their_html(
    shared: pathlib.Path, part: str, problem: Problem, status: int | None
) -> None:
    """Byte for byte, with the headers that tell a CDN from a provider."""
    file = shared / f"wire/errors/generic/{part}.json"
    response = json.loads(file.read_text(encoding="utf-8"))["response"]

    answer = _FORMAT.error(Complaint(problem=problem, model="m", status=status))

    assert answer.body.decode() == response["text"]
    assert answer.status == response["status"]
    assert {"content-type": answer.content_type, **dict(answer.headers)} == response["headers"]


@pytest.mark.parametrize(
    "part",
    [
        "chat-completion-error.b6387cb7",
        "llama-index-chat-error.9723aed3",
        "openai-gpt-4o-completions.5278be0d",
        "chat-prompt-builder-and.a50d15b5",
        "on-lm-error.d9da4f1e",
    ],
)
def test_wrong_keys_are_masked_as_recorded(shared: pathlib.Path, part: str) -> None:
    """Eight characters, stars, four characters; short keys whole."""
    recorded = _recorded(shared, part)["response"]["json"]["error"]
    shown: str = recorded["message"].split(": ")[1].split(". You can")[0]

    answer = _FORMAT.unauthorised(shown.replace("*", "x") if len(shown) > 12 else shown)

    assert json.loads(answer.body)["error"] == recorded
    assert (answer.status, answer.content_type) == (401, "application/json; charset=utf-8")


# ---- requests lines, headers, errors ---------------------------------------------


def test_paths_lead_to_operations() -> None:
    """Three are served."""
    assert (
        _FORMAT.operation(RequestHead(method="POST", path="/v1/chat/completions")) == Completion()
    )
    assert _FORMAT.operation(RequestHead(method="GET", path="/v1/models")) == ModelList()
    assert _FORMAT.operation(RequestHead(method="GET", path="/v1/models/org/m")) == ModelCard(
        model="org/m"
    )


def _refusal(method: str, path: str) -> HttpAnswer:
    with pytest.raises(RefusedError) as refused:
        _FORMAT.operation(RequestHead(method=method, path=path))
    return refused.value.answer


def test_other_paths_and_methods_are_refused() -> None:
    """A client with a wrong base URL must find out."""
    path = _refusal("POST", "/chat/completions")
    method = _refusal("GET", "/v1/chat/completions")

    assert path.status == 404
    assert b"Invalid URL (POST /chat/completions)" in path.body
    assert method.status == 405
    assert b"Not allowed to GET on /v1/chat/completions." in method.body


@pytest.mark.parametrize(
    ("header", "key"),
    [("Bearer sk-1", "sk-1"), ("bearer  sk-1", "sk-1"), ("Basic x", None), ("", None)],
)
def test_the_key_is_the_bearer_token(header: str, key: str | None) -> None:
    """Other schemes are no key."""
    assert (
        _FORMAT.credential(RequestHead(method="GET", path="/", headers={"authorization": header}))
        == key
    )


def test_headers_tell_limits_and_times_as_openai_does() -> None:
    """Headroom is read from these before a refusal comes."""
    headers = dict(_FORMAT.headers(_IDENTITY, _HEADROOM, 0.176, 200))

    assert headers == {
        "openai-processing-ms": "176",
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-remaining-tokens": "199967",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-reset-tokens": "6.02s",
        "x-request-id": "req_5feceb66ffc86f38d952786c00000005",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.009, "9ms"), (1, "1s"), (47.444, "47.444s"), (90, "1m30s"), (3600, "60m0s")],
)
def test_durations_are_written_as_recorded(seconds: float, text: str) -> None:
    """Milliseconds below a second, minutes above sixty."""
    assert duration(seconds) == text


def test_a_wait_is_told_in_three_ways() -> None:
    """Seconds, milliseconds, and in the sentence; whole seconds are at least one."""
    complaint = Complaint(problem=Problem.RATE_LIMIT, model="m", retry_after=0.25)

    answer = _FORMAT.error(complaint)

    headers = dict(answer.headers)
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "250")
    assert headers["x-ratelimit-reset-requests"] == "250ms"
    assert b"Please try again in 250ms." in answer.body


@pytest.mark.parametrize("problem", [one for one in Problem if one not in GATEWAY_PROBLEMS])
def test_every_problem_can_be_an_answer_and_an_event(problem: Problem) -> None:
    """The catalogue is complete for this format."""
    complaint = Complaint(problem=problem, model="m", message="said so")

    answer = json.loads(_FORMAT.error(complaint).body)
    event = _FORMAT.error_event(complaint)

    assert answer["error"]["message"] == "said so"
    assert json.loads(event.removeprefix(b"data: ").removesuffix(b"\n\n")) == answer


def test_a_broken_chunk_is_an_event_that_is_no_json() -> None:
    """Only the JSON is broken: the event ends where events end."""
    broken = _FORMAT.broken(b'data: {"choices":[{"delta":{"content":"abc"}}]}\n\ndata: {}\n\n')

    assert broken.startswith(b"data: {")
    assert broken.endswith(b"\n\n")
    assert broken.count(b"\n\n") == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.removeprefix(b"data: "))
