"""What the simulator says in each wire format, held against recorded traffic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from routersvc.simulator import DEFAULT_MODELS, WIRE_FORMATS, Behaviour, Constant, Effect, Problem
from routersvc.simulator.answers.author import Author
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.formats.replies import Complaint, Identity

if TYPE_CHECKING:
    import pathlib

    from routersvc.simulator.formats.replies import HttpAnswer, StreamScript

Json = dict[str, Any]

_IDENTITY = Identity(serial=5, created=1_770_000_000)
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_MESSAGES = [{"role": "user", "content": "Hello"}]
_FUNCTION = {"type": "function", "function": {"name": "weather", "parameters": _SCHEMA}}
_FORMATS = {name: make(DEFAULT_MODELS, 0) for name, make in WIRE_FORMATS.items()}


def _answered(name: str, body: Json, completion: Completion, effect: Effect | None) -> Any:  # noqa: ANN401 - either of two
    wire_format = _FORMATS[name]
    request = wire_format.read(completion, orjson.dumps(body))
    behaviour = Behaviour(tokens_per_answer=Constant(value=3))
    answer = Author(0).compose(request, behaviour, effect)
    if request.streaming:
        return wire_format.stream(answer, request, 1)
    return wire_format.unary(answer, request)


def _unary(name: str, body: Json, model: str = "sim-large", effect: Effect | None = None) -> Json:
    completion = Completion(model=model, streaming=False)
    written = cast("bytes", _answered(name, body, completion, effect))
    parsed: Json = json.loads(_FORMATS[name].sign(written, _IDENTITY))
    return parsed


def _stream(name: str, body: Json, model: str = "sim-large") -> list[Json]:
    """Return the data of the events of a stream, `[DONE]` left out."""
    completion = Completion(model=model, streaming=True)
    script = cast("StreamScript", _answered(name, body, completion, None))
    frames = b"".join(
        (
            script.opening,
            *(frame for frame, _ in script.contents),
            script.closing,
            script.terminator,
        )
    )
    text = _FORMATS[name].sign(frames, _IDENTITY).decode().replace("\r\n", "\n")
    return _events(text)


def _events(text: str) -> list[Json]:
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def _recorded(shared: pathlib.Path, part: str) -> Any:  # noqa: ANN401 - JSON
    [file] = (shared / "wire").glob(f"{part}.json")
    response = json.loads(file.read_text(encoding="utf-8"))["response"]
    if "json" in response:
        return response["json"]
    if "chunks" in response:
        return [json.loads(chunk) for chunk in response["chunks"]]
    if "decoded_events" in response:
        return [
            {event["headers"][":event-type"]: json.loads(event["payload"])}
            for event in response["decoded_events"]
        ]
    return _events(response["text"].replace("\r\n", "\n"))


def _shape(value: object) -> object:
    """Return keys and their order, without values; lists by their first entry."""
    if isinstance(value, dict):
        return {key: _shape(entry) for key, entry in cast("Json", value).items()}
    if isinstance(value, list):
        return [_shape(entry) for entry in cast("list[object]", value)[:1]]
    return None


def _ordered(value: object) -> str:
    return json.dumps(_shape(value))


def _sorted(value: object) -> str:
    return json.dumps(_shape(value), sort_keys=True)


def _once(events: list[Json]) -> list[str]:
    """Return the shapes of events; of those that follow each other with the same, one."""
    shapes = [_ordered(event) for event in events]
    return [shape for at, shape in enumerate(shapes) if at == 0 or shape != shapes[at - 1]]


_ANTHROPIC = {"model": "sim-large", "max_tokens": 64, "messages": _MESSAGES}
_GEMINI = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
_COHERE = {"model": "sim-large", "messages": _MESSAGES}
_BEDROCK = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}


@pytest.mark.parametrize(
    ("name", "body", "model", "part"),
    [
        (
            "anthropic_messages",
            _ANTHROPIC,
            "",
            "anthropic/*/*52956267",
        ),
        (
            "gemini",
            _GEMINI,
            "sim-reasoner",
            "gemini/*/*e31db62d",
        ),
        (
            "bedrock_converse",
            _BEDROCK,
            "sim-large",
            "bedrock/*/*2cc6a6a9",
        ),
        (
            "cohere_chat",
            {**_COHERE, "tools": [_FUNCTION]},
            "",
            "cohere/*/*1e26d853",
        ),
        (
            "mistral_chat",
            _COHERE,
            "",
            "mistral/*/*13aa8f79",
        ),
        (
            "mistral_chat",
            {**_COHERE, "tools": [_FUNCTION]},
            "",
            "mistral/*/*0d5639b8",
        ),
    ],
)
def test_unary_answers_have_the_recorded_shape(
    shared: pathlib.Path, name: str, body: Json, model: str, part: str
) -> None:
    """Key for key, in the same order; arguments of a call are the client's own."""
    recorded, written = _recorded(shared, part), _unary(name, body, model)

    assert _ordered(written) == _ordered(recorded)


def test_azures_unary_answer_has_the_recorded_keys(shared: pathlib.Path) -> None:
    """In another order: Azure sorts them. The service tier is of newer API versions."""
    recorded = _recorded(
        shared,
        "azure/*/*b655be05",
    )

    written = _unary("azure_openai", _COHERE)

    del written["service_tier"]
    for material in ("protected_material_code", "protected_material_text"):
        del recorded["choices"][0]["content_filter_results"][material]
    assert _sorted(written) == _sorted(recorded)


@pytest.mark.parametrize(
    ("name", "body", "model", "part"),
    [
        (
            "anthropic_messages",
            {**_ANTHROPIC, "stream": True},
            "",
            "anthropic/*/*19646334",
        ),
        (
            "cohere_chat",
            {**_COHERE, "stream": True},
            "",
            "cohere/*/*c48a54ed",
        ),
        (
            "mistral_chat",
            {**_COHERE, "stream": True, "tools": [_FUNCTION]},
            "",
            "mistral/*/*7528537e",
        ),
    ],
)
def test_streams_have_the_recorded_shapes(
    shared: pathlib.Path, name: str, body: Json, model: str, part: str
) -> None:
    """The same events in the same order; as many of the same as there are tokens."""
    recorded, written = _once(_recorded(shared, part)), _once(_stream(name, body, model))

    if name == "mistral_chat":
        # The real one finishes in the chunk of the call, this one in a chunk of its own.
        assert written[0] == recorded[0]
        assert json.loads(written[1])["choices"] == json.loads(recorded[1])["choices"]
        assert json.loads(written[2])["usage"] == json.loads(recorded[1])["usage"]
        return
    assert written == recorded


def test_geminis_stream_has_the_recorded_shapes(shared: pathlib.Path) -> None:
    """Chunks of a model that thinks: text, and at the end a signature."""
    recorded = _recorded(shared, "gemini/*/*05473a95")

    written = _stream("gemini", _GEMINI, "sim-reasoner")

    assert _ordered(written[0]) == _ordered(recorded[0])
    assert _ordered(written[-1]) == _ordered(recorded[-1])


def test_responses_streams_have_the_recorded_events(shared: pathlib.Path) -> None:
    """The same events in the same order, and no key that the real ones do not have."""
    recorded: list[Json] = _recorded(shared, "openai/*/*0eec8ba2")
    body = {"model": "sim-large", "input": "Hello", "stream": True}

    written = _stream("openai_responses", body)

    kinds = list(dict.fromkeys(event["type"] for event in written))
    assert kinds == list(dict.fromkeys(event["type"] for event in recorded))
    for event in written:
        [real] = [other for other in recorded if other["type"] == event["type"]][:1]
        assert set(event) <= set(real)
        if "response" in event:
            assert set(event["response"]) <= set(real["response"])


# ---- errors -----------------------------------------------------------------------

_ERRORS: Mapping[str, Mapping[str, Problem]] = {
    "anthropic_messages": {
        "anthropic/rate_limit.429.unary.rate-limit-generic": Problem.RATE_LIMIT,
        "anthropic/overloaded.529.unary.overloaded": Problem.OVERLOADED,
        "anthropic/server_error.500.unary.internal": Problem.SERVER_ERROR,
        "anthropic/permission.403.unary.permission": Problem.FORBIDDEN,
        "anthropic/quota_exhausted.400.unary.credit-balance-too-low": Problem.INSUFFICIENT_QUOTA,
    },
    "gemini": {
        "gemini/quota_exhausted.429.unary.quota-per-day": Problem.INSUFFICIENT_QUOTA,
        "gemini/quota_exhausted.402.unary.prepay-exhausted": Problem.SPEND_LIMIT,
        "gemini/context_length.400.unary.context-length": Problem.CONTEXT_LENGTH,
        "gemini/overloaded.503.unary.overloaded-old": Problem.OVERLOADED,
    },
    "azure_openai": {
        "azure/rate_limit.429.unary.token-rate-limit-classic": Problem.RATE_LIMIT,
        "azure/quota_exhausted.429.unary.day-quota-86400": Problem.INSUFFICIENT_QUOTA,
        "azure/model_not_found.404.unary.deployment-not-found": Problem.MODEL_NOT_FOUND,
        "azure/content_filter.400.unary.content-filter-jailbreak": Problem.CONTENT_POLICY,
    },
    "bedrock_converse": {
        "bedrock/auth.403.unary.expiredtoken": Problem.AUTH,
        "bedrock/context_length.400.unary.validation-long": Problem.CONTEXT_LENGTH,
        "bedrock/invalid_request.400.unary.validation": Problem.INVALID_REQUEST,
        "bedrock/model_not_found.404.unary.resourcenotfound-day": Problem.MODEL_NOT_FOUND,
        "bedrock/overloaded.429.unary.modelnotready": Problem.SLOW_DOWN,
        "bedrock/overloaded.503.unary.serviceunavailable": Problem.OVERLOADED,
        "bedrock/quota_exhausted.400.unary.servicequotaexceeded": Problem.INSUFFICIENT_QUOTA,
        "bedrock/quota_exhausted.429.unary.throttling-day": Problem.SPEND_LIMIT,
        "bedrock/rate_limit.429.unary.throttling-requests,": Problem.RATE_LIMIT,
        "bedrock/rate_limit.429.unary.throttling-tokens,": Problem.REQUEST_TOO_LARGE,
        "bedrock/server_error.500.unary.internalserver": Problem.SERVER_ERROR,
    },
    "cohere_chat": {
        "cohere/context_length.400.unary.too-many-tokens": Problem.CONTEXT_LENGTH,
        "cohere/model_not_found.404.unary.model-removed": Problem.MODEL_NOT_FOUND,
        "cohere/rate_limit.429.unary.trial-rate-limit": Problem.RATE_LIMIT,
        "cohere/quota_exhausted.429.unary.monthly-limit": Problem.INSUFFICIENT_QUOTA,
        "cohere/server_error.500.unary.internal": Problem.SERVER_ERROR,
    },
    "mistral_chat": {
        "mistral/context_length.400.unary.context-length": Problem.CONTEXT_LENGTH,
        "mistral/overloaded.429.unary.capacity-exceeded": Problem.OVERLOADED,
    },
}
_CASES = [
    (name, part, problem) for name, parts in _ERRORS.items() for part, problem in parts.items()
]
# Ids, and what an SDK's fixture has beside what the servers send.
_OWN = ("request_id", "id", "details")
# The headers that adapters read of an error.
_TELLING = ("retry-after", "retry-after-ms", "x-amzn-errortype", "x-should-retry")


@pytest.mark.parametrize(("name", "part", "problem"), _CASES)
def test_problems_are_worded_as_the_vendor_words_them(
    shared: pathlib.Path, name: str, part: str, problem: Problem
) -> None:
    """Adapters classify by these words, statuses and headers; ids are left out."""
    file = shared / f"wire/errors/{part}.json"
    response = json.loads(file.read_text(encoding="utf-8"))["response"]

    answer = _FORMATS[name].error(Complaint(problem=problem, model="MODEL"))

    assert answer.status == response["status"]
    assert _without_ids(_said(name, answer)) == _without_ids(response["json"])
    headers = dict(answer.headers)
    for header in _TELLING:
        if header in response["headers"]:
            assert headers[header] == response["headers"][header]


def _said(name: str, answer: HttpAnswer) -> Json:
    parsed: Json = json.loads(_FORMATS[name].sign(answer.body, _IDENTITY))
    return parsed


def _without_ids(body: Json) -> Json:
    left = {key: entry for key, entry in body.items() if key not in _OWN}
    error: Json = left.get("error", {})
    if error.get("details", "") is None:
        left["error"] = {key: entry for key, entry in error.items() if key != "details"}
    return left


def test_wrong_keys_are_refused_as_recorded(shared: pathlib.Path) -> None:
    """Each vendor has its own status and sentence for a key that it does not know."""
    for name, part in (
        ("gemini", "gemini/error_400/generate_content.unary.chat-error-handling*"),
        ("azure_openai", "azure/error_401/*"),
        ("bedrock_converse", "bedrock/error_403/*"),
        ("cohere_chat", "cohere/error_401/*"),
        ("mistral_chat", "mistral/error_401/*"),
    ):
        [file] = (shared / "wire").glob(f"{part}.json")
        response = json.loads(file.read_text(encoding="utf-8"))["response"]

        answer = _FORMATS[name].unauthorised("wrong")

        assert answer.status == response["status"]
        assert _without_ids(_said(name, answer)) == _without_ids(response["json"])
