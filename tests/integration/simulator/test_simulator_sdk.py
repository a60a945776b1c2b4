"""The vendor's own SDK talks to the simulator and notices no difference."""

from __future__ import annotations

import base64
from typing import Literal

import openai
import pydantic
import pytest
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)

from routersvc.simulator import (
    BEHAVIOURS,
    Behaviour,
    Constant,
    ContentFilter,
    Echo,
    ErrorEvent,
    Fault,
    Problem,
    ProviderCharacter,
    RateLimit,
    Refusal,
    SimulatedProvider,
    Simulator,
    Status,
)

_HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]
_WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}
_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()


class Step(pydantic.BaseModel):
    """A part of the structured answer."""

    explanation: str
    confidence: float


class Report(pydantic.BaseModel):
    """The structured answer that tests ask for."""

    title: str
    result: Literal["yes", "no"]
    steps: list[Step]
    note: str | None


async def _chunks(stream: openai.AsyncStream[ChatCompletionChunk]) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in stream]


async def test_unary_answer(client: openai.AsyncOpenAI, alpha: SimulatedProvider) -> None:
    """The plain case, and what the log tells of it."""
    answer = await client.chat.completions.create(
        model="sim-large", messages=_HELLO, extra_headers={"traceparent": "00-1-2-01"}
    )

    [choice] = answer.choices
    assert choice.finish_reason == "stop"
    assert choice.message.content
    assert answer.usage is not None
    assert (answer.usage.completion_tokens, answer.model) == (8, "sim-large-2026-03-01")
    [record] = alpha.log
    assert (record.outcome.value, record.status, record.tokens_sent) == ("completed", 200, 8)
    assert (record.model, record.streaming, record.api_key_end) == ("sim-large", False, "6789")
    assert record.headers["traceparent"] == "00-1-2-01"
    assert record.bytes_sent > 500


async def test_streamed_answer(client: openai.AsyncOpenAI) -> None:
    """Each token in its chunk, the same text as unary, usage at the end."""
    whole = await client.chat.completions.create(model="sim-large", messages=_HELLO)

    stream = await client.chat.completions.create(
        model="sim-large", messages=_HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = await _chunks(stream)

    assert len(chunks) == 1 + 8 + 1 + 1
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


async def test_streaming_helper_accumulates(client: openai.AsyncOpenAI) -> None:
    """The SDK's accumulator is strict about order and indices."""
    async with client.chat.completions.stream(
        model="sim-large", messages=_HELLO, tools=[_WEATHER], tool_choice="required"
    ) as stream:
        final = await stream.get_final_completion()

    [call] = final.choices[0].message.tool_calls or []
    assert call.function.name == "weather"
    assert isinstance(call.function.parsed_arguments, dict)


async def test_tools_and_their_results(
    client: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """Two parallel calls, their results, a text: the two turns of an agent."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))

    first = await client.chat.completions.create(
        model="sim-large", messages=_HELLO, tools=[_WEATHER]
    )
    calls = first.choices[0].message.tool_calls or []
    history: list[ChatCompletionMessageParam] = [
        *_HELLO,
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": "weather", "arguments": call.function.arguments},
                }
                for call in calls
                if isinstance(call, ChatCompletionMessageFunctionToolCall)
            ],
        },
    ]
    for call in calls:
        history.append(  # noqa: PERF401 - a typed dictionary takes its type from here
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        )
    second = await client.chat.completions.create(
        model="sim-large", messages=history, tools=[_WEATHER]
    )

    assert (first.choices[0].finish_reason, len(calls)) == ("tool_calls", 2)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content


async def test_structured_output_is_parsed(client: openai.AsyncOpenAI) -> None:
    """The SDK makes the schema and validates the instance, unary and streamed."""
    whole = await client.chat.completions.parse(
        model="sim-large", messages=_HELLO, response_format=Report, seed=3
    )
    async with client.chat.completions.stream(
        model="sim-large", messages=_HELLO, response_format=Report, seed=3
    ) as stream:
        streamed = await stream.get_final_completion()

    assert isinstance(whole.choices[0].message.parsed, Report)
    assert streamed.choices[0].message.parsed == whole.choices[0].message.parsed


async def test_images_are_seen(client: openai.AsyncOpenAI) -> None:
    """An image costs tokens."""
    url = {"url": f"data:image/png;base64,{_PNG}"}
    answer = await client.chat.completions.create(
        model="sim-large",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": url["url"], "detail": "high"}},
                ],
            }
        ],
    )

    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 765


async def test_limit_stop_seed_and_logprobs(
    client: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """Sampling parameters have the effect that clients rely on."""
    alpha.behave(Behaviour(answer=Echo()))

    limited = await client.chat.completions.create(
        model="sim-large", messages=_HELLO, max_completion_tokens=1
    )
    stopped = await client.chat.completions.create(
        model="sim-large", messages=_HELLO, stop=["there"]
    )
    alpha.behave(Behaviour())
    seeded = [
        await client.chat.completions.create(model="sim-large", messages=_HELLO, seed=seed)
        for seed in (1, 1, 2)
    ]
    probable = await client.chat.completions.create(
        model="sim-large", messages=_HELLO, logprobs=True, top_logprobs=2
    )

    assert (limited.choices[0].message.content, limited.choices[0].finish_reason) == (
        "Hello",
        "length",
    )
    assert stopped.choices[0].message.content == "Hello "
    texts = [answer.choices[0].message.content for answer in seeded]
    assert texts[0] == texts[1] != texts[2]
    assert probable.choices[0].logprobs is not None
    assert len((probable.choices[0].logprobs.content or [])[0].top_logprobs) == 2


async def test_reasoning_effort(client: openai.AsyncOpenAI) -> None:
    """Reasoning stands in the usage details."""
    answer = await client.chat.completions.create(
        model="sim-reasoner", messages=_HELLO, reasoning_effort="low"
    )

    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 64


async def test_refusal_and_content_filter(
    client: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """On demand; the SDK has its own exception for a filtered structured answer."""
    alpha.inject(Fault(effect=Refusal(text="No."), count=1))
    refused = await client.chat.completions.parse(
        model="sim-large", messages=_HELLO, response_format=Report
    )
    alpha.inject(Fault(effect=ContentFilter(after_tokens=2), count=1))

    with pytest.raises(openai.ContentFilterFinishReasonError):
        await client.chat.completions.parse(
            model="sim-large", messages=_HELLO, response_format=Report
        )
    assert (refused.choices[0].message.refusal, refused.choices[0].message.parsed) == ("No.", None)


async def test_models_are_listed_and_described(client: openai.AsyncOpenAI) -> None:
    """Health checks use the list because it costs nothing."""
    listed = [model.id async for model in await client.models.list()]
    model = await client.models.retrieve("sim-small")

    assert listed == ["sim-large", "sim-small", "sim-reasoner"]
    assert (model.id, model.owned_by) == ("sim-small", "simulator")
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("sim-huge")


@pytest.mark.parametrize(
    ("problem", "error", "status", "code"),
    [
        (Problem.RATE_LIMIT, openai.RateLimitError, 429, "rate_limit_exceeded"),
        (Problem.REQUEST_TOO_LARGE, openai.RateLimitError, 429, "rate_limit_exceeded"),
        (Problem.INSUFFICIENT_QUOTA, openai.RateLimitError, 429, "insufficient_quota"),
        (Problem.SPEND_LIMIT, openai.RateLimitError, 429, "organization_spend_limit_exceeded"),
        (Problem.AUTH, openai.AuthenticationError, 401, "invalid_api_key"),
        (
            Problem.FORBIDDEN,
            openai.PermissionDeniedError,
            403,
            "unsupported_country_region_territory",
        ),
        (Problem.MODEL_NOT_FOUND, openai.NotFoundError, 404, "model_not_found"),
        (Problem.INVALID_REQUEST, openai.BadRequestError, 400, "unsupported_parameter"),
        (Problem.CONTEXT_LENGTH, openai.BadRequestError, 400, "context_length_exceeded"),
        (Problem.CONTENT_POLICY, openai.BadRequestError, 400, "invalid_prompt"),
        (Problem.OVERLOADED, openai.InternalServerError, 503, "server_is_overloaded"),
        (Problem.SLOW_DOWN, openai.InternalServerError, 503, "slow_down"),
        (Problem.SERVER_ERROR, openai.InternalServerError, 500, None),
        (Problem.BAD_GATEWAY, openai.InternalServerError, 502, None),
        (Problem.UNAVAILABLE, openai.InternalServerError, 503, None),
        (Problem.GATEWAY_TIMEOUT, openai.InternalServerError, 504, None),
        (Problem.PAYLOAD_TOO_LARGE, openai.APIStatusError, 413, None),
        (Problem.CDN, openai.InternalServerError, 520, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises_its_own_exception(
    client: openai.AsyncOpenAI,
    alpha: SimulatedProvider,
    problem: Problem,
    error: type[openai.APIStatusError],
    status: int,
    code: str | None,
    *,
    stream: bool,
) -> None:
    """The SDK tells errors apart by status and reads their bodies."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    with pytest.raises(error) as raised:
        await client.chat.completions.create(model="sim-large", messages=_HELLO, stream=stream)

    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert alpha.log[-1].outcome.value == "fault_answered"


async def test_real_refusals_raise_too(client: openai.AsyncOpenAI) -> None:
    """Without any fault: wrong key, wrong model, wrong parameter."""
    wrong_key = client.with_options(api_key="sk-wrong-0123456789")

    with pytest.raises(openai.AuthenticationError, match=r"sk-wrong\*+6789"):
        await wrong_key.chat.completions.create(model="sim-large", messages=_HELLO)
    with pytest.raises(openai.NotFoundError, match="The model `gpt-9` does not exist"):
        await client.chat.completions.create(model="gpt-9", messages=_HELLO)
    with pytest.raises(openai.BadRequestError, match="decimal above maximum value"):
        await client.chat.completions.create(model="sim-large", messages=_HELLO, temperature=3)


async def test_an_error_inside_a_stream_is_raised_from_it(
    client: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """After the tokens that came before it."""
    alpha.inject(Fault(effect=ErrorEvent(problem=Problem.OVERLOADED, after_tokens=3)))
    received: list[str | None] = []

    async def collect() -> None:
        stream = await client.chat.completions.create(
            model="sim-large", messages=_HELLO, stream=True
        )
        async for chunk in stream:
            received.append(chunk.choices[0].delta.content)  # noqa: PERF401 - kept on errors

    with pytest.raises(openai.APIError, match="currently overloaded"):
        await collect()

    assert received[0] == ""
    assert len([content for content in received if content]) == 3


async def test_the_sdk_waits_as_long_as_it_is_told(alpha: SimulatedProvider) -> None:
    """Its own retries obey `retry-after-ms`; the second call is answered."""
    alpha.inject(Fault(effect=Status(problem=Problem.RATE_LIMIT, retry_after=0.001), count=1))

    async with openai.AsyncOpenAI(
        base_url=alpha.base_url, api_key="sk-simulated-0123456789", max_retries=1
    ) as sdk:
        await sdk.chat.completions.create(model="sim-large", messages=_HELLO)

    assert [record.status for record in alpha.log] == [429, 200]
    assert alpha.log[1].headers["x-stainless-retry-count"] == "1"


async def test_rate_limits_are_enforced_when_they_are_to_be(
    client: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """The headers announce the refusal before it comes."""
    limit = RateLimit(requests_per_minute=2, tokens_per_minute=1000, enforced=True)
    alpha.behave(Behaviour(rate_limit=limit))
    answered = [
        await client.chat.completions.with_raw_response.create(model="sim-large", messages=_HELLO)
        for _ in range(2)
    ]

    with pytest.raises(openai.RateLimitError, match="Rate limit reached") as refused:
        await client.chat.completions.create(model="sim-large", messages=_HELLO)

    remaining = [raw.headers["x-ratelimit-remaining-requests"] for raw in answered]
    assert remaining == ["1", "0"]
    assert 0 < int(refused.value.response.headers["retry-after"]) <= 30
    assert alpha.log[-1].outcome.value == "refused"
    with pytest.raises(openai.RateLimitError, match="Request too large"):
        await client.chat.completions.create(model="sim-large", messages=_HELLO, max_tokens=2000)


async def test_a_schema_that_cannot_be_obeyed_is_refused(client: openai.AsyncOpenAI) -> None:
    """Never a wrong value with status 200."""
    with pytest.raises(openai.BadRequestError, match="`not`: is not supported here"):
        await client.chat.completions.create(
            model="sim-large",
            messages=_HELLO,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "object", "not": {}}},
            },
        )


async def test_shipped_characters_answer() -> None:
    """Each of them, in as short an answer as there can be."""
    characters = [
        ProviderCharacter(name=name, behaviour=behaviour) for name, behaviour in BEHAVIOURS.items()
    ]
    async with Simulator.start(characters) as simulator:
        for provider in simulator.providers:
            provider.behave(
                Behaviour(
                    answer=provider.behaviour.answer,
                    tokens_per_answer=provider.behaviour.tokens_per_answer,
                    tokens_per_chunk=provider.behaviour.tokens_per_chunk,
                    time_between_tokens=Constant(),
                )
            )
            async with openai.AsyncOpenAI(base_url=provider.base_url, api_key="any") as sdk:
                answer = await sdk.chat.completions.create(model="sim-large", messages=_HELLO)
            assert answer.choices[0].message.content
