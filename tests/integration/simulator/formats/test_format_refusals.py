"""What each vendor refuses by itself, without any fault: in its words, with its status."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.simulator import Outcome, ProviderCharacter, Simulator

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Connect, RawAnswer
    from tests.integration.simulator.formats.conftest import AskInTongue, Tongue

    from routersvc.simulator import SimulatedProvider

_NO_KEY = {
    "openai_chat": (401, "You didn't provide an API key"),
    "openai_responses": (401, "You didn't provide an API key"),
    "anthropic_messages": (401, "x-api-key header is required"),
    "gemini": (403, "Method doesn't allow unregistered callers"),
    "azure_openai": (401, "Access denied due to invalid subscription key"),
    "bedrock_converse": (403, "Missing Authentication Token"),
    "cohere_chat": (401, "no api key supplied"),
    "mistral_chat": (401, "Invalid API Key"),
}
_NOT_JSON = {
    "openai_chat": "We could not parse the JSON body",
    "openai_responses": "We could not parse the JSON body",
    "anthropic_messages": "not valid JSON",
    "gemini": "Invalid JSON payload received",
    "azure_openai": "We could not parse the JSON body",
    "bedrock_converse": "Unexpected end of input",
    "cohere_chat": "invalid json syntax",
    "mistral_chat": "JSON decode error",
}
_UNKNOWN_FIELD = {
    "openai_chat": (400, "Unrecognized request argument supplied: colour"),
    "openai_responses": (400, "Unknown parameter: 'colour'."),
    "anthropic_messages": (400, "colour: Extra inputs are not permitted"),
    "gemini": (400, 'Unknown name \\"colour\\": Cannot find field.'),
    "azure_openai": (400, "Unrecognized request argument supplied: colour"),
    "bedrock_converse": (400, "extraneous key [colour] is not permitted"),
    "cohere_chat": (422, "unknown field: parameter 'colour'"),
    "mistral_chat": (422, "extra_forbidden"),
}


async def _answer(connect: Connect, request: bytes) -> RawAnswer:
    async with connect() as raw:
        await raw.send(request)
        return await raw.answer()


async def test_no_key(tongue: Tongue, connect: Connect, alpha: SimulatedProvider) -> None:
    """Each vendor has its own status and sentence."""
    keyless = dataclasses.replace(tongue, headers={"anthropic-version": "2023-06-01"})

    answer = await _answer(connect, keyless.request({}, stream=False))

    status, sentence = _NO_KEY[tongue.name]
    assert (answer.status, sentence in answer.body.decode()) == (status, True)
    assert alpha.log[-1].outcome is Outcome.REFUSED


async def test_a_body_that_is_no_json(tongue: Tongue, connect: Connect) -> None:
    """A sentence, and no defect."""
    request = tongue.request({}, stream=False)

    answer = await _answer(connect, request[:-1] + b"]")

    assert answer.status in (400, 422)
    assert _NOT_JSON[tongue.name] in answer.body.decode()


async def test_an_unknown_field(tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue) -> None:
    """It is named, and the log says who refused."""
    answer = await ask(colour="red")

    status, sentence = _UNKNOWN_FIELD[tongue.name]
    assert (answer.status, sentence in answer.body.decode()) == (status, True)
    assert alpha.log[-1].outcome is Outcome.REFUSED


@pytest.mark.parametrize("path", ["/", "/v9/nothing", "/v1/messages/batches"])
async def test_paths_where_nothing_is(tongue: Tongue, connect: Connect, path: str) -> None:
    """Not a defect either."""
    lost = dataclasses.replace(tongue, paths=(path, path))

    answer = await _answer(connect, lost.request({}, stream=False))

    assert answer.status == 404


_ANTHROPIC: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": None}, "max_tokens: Field required"),
    ({"max_tokens": "many"}, "max_tokens: Input should be a valid integer"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": [{"role": "system", "content": "x"}]}, 'Unexpected role \\"system\\"'),
    ({"messages": [{"role": "user", "content": []}]}, "messages.0: user messages must have"),
    (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        "text content blocks must be non-empty",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        "messages.0.content.0: Input tag 'video' found using 'type'",
    ),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}],
                }
            ]
        },
        "unexpected `tool_use_id` found in `tool_result` blocks: toolu_1",
    ),
    ({"tool_choice": {"type": "any"}}, "may only be specified while providing tools"),
    ({"thinking": {"type": "adaptive"}}, "'sim-large' does not support thinking."),
]


@pytest.mark.parametrize("tongue", ["anthropic_messages"], indirect=True)
@pytest.mark.parametrize(("extra", "sentence"), _ANTHROPIC)
async def test_what_anthropic_refuses(
    ask: AskInTongue, extra: dict[str, Any], sentence: str
) -> None:
    """The mistakes that clients make most."""
    answer = await ask(**extra)

    assert (answer.status, sentence in answer.body.decode()) == (400, True), answer.body


@pytest.mark.parametrize("tongue", ["anthropic_messages"], indirect=True)
@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (None, "anthropic-version: header is required"),
        ("2030-01-01", 'anthropic-version: \\"2030-01-01\\" is not a valid version'),
    ],
)
async def test_anthropic_wants_a_version(
    tongue: Tongue, connect: Connect, version: str | None, sentence: str
) -> None:
    """After the key, before the body."""
    headers = {"x-api-key": tongue.headers["x-api-key"]}
    if version is not None:
        headers["anthropic-version"] = version

    answer = await _answer(
        connect, dataclasses.replace(tongue, headers=headers).request({}, stream=False)
    )

    assert (answer.status, sentence in answer.body.decode()) == (400, True)


@pytest.mark.parametrize("tongue", ["bedrock_converse"], indirect=True)
@pytest.mark.parametrize(
    ("headers", "exception"),
    [
        ({"authorization": "AWS4-HMAC-SHA256 Credential=x"}, "IncompleteSignatureException"),
        ({"authorization": "Basic eDp5"}, "IncompleteSignatureException"),
        ({"x-amz-date": ""}, "IncompleteSignatureException"),
        ({"authorization": "Bearer unknown"}, "UnrecognizedClientException"),
    ],
)
async def test_bedrock_looks_at_the_shape_of_signatures(
    tongue: Tongue, connect: Connect, headers: dict[str, str], exception: str
) -> None:
    """Not at the signature itself: nobody needs a secret."""
    kept = {**tongue.headers, **headers}
    given = {name: value for name, value in kept.items() if value}

    answer = await _answer(
        connect, dataclasses.replace(tongue, headers=given).request({}, stream=False)
    )

    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith(f"{exception}:http://internal.amazon.com/")


@pytest.mark.parametrize("tongue", ["gemini"], indirect=True)
async def test_gemini_takes_both_spellings(ask: AskInTongue) -> None:
    """Protobuf's JSON has camel and snake case; schemas stay as the client wrote them."""
    config = {"max_output_tokens": 3, "stop_sequences": ["x"]}

    answer = await ask(system_instruction={"parts": [{"text": "x"}]}, generation_config=config)
    refused = await ask(generation_config={"temperature": "hot"})

    assert (answer.status, b"MAX_TOKENS" in answer.body) == (200, True)
    assert b"Invalid value at 'generation_config.temperature' (TYPE_FLOAT)" in refused.body


async def test_without_keys_none_is_asked_for(tongue: Tongue) -> None:
    """As `routersvc simulate` starts them."""
    character = ProviderCharacter(name="open", wire_format=tongue.name)
    keyless = dataclasses.replace(tongue, headers={"anthropic-version": "2023-06-01"})
    async with Simulator.start([character]) as simulator:
        port = simulator.provider("open").port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(keyless.request({}, stream=True))
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
