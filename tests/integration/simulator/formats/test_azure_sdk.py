"""OpenAI's SDK for Azure talks to the simulator and notices no difference."""

# The SDK comes without types, or with types that are not whole.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam, ChatCompletionToolParam

from routersvc.simulator import (
    Behaviour,
    Constant,
    ContentFilter,
    ErrorEvent,
    Fault,
    Problem,
    ProviderCharacter,
    SimulatedProvider,
    Simulator,
    Status,
)

_KEY = "0123456789abcdef0123456789abcdef"
_HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]
_WEATHER: ChatCompletionToolParam = {
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


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format="azure_openai",
        api_keys=(_KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


@pytest.fixture
async def sdk(alpha: SimulatedProvider) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    """The vendor's SDK, without retries of its own."""
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=alpha.base_url, api_key=_KEY, api_version="2024-10-21", max_retries=0
    ) as client:
        yield client


async def test_unary_answer(sdk: openai.AsyncAzureOpenAI, alpha: SimulatedProvider) -> None:
    """The plain case, with what the filters found and the gateway's headers."""
    raw = await sdk.chat.completions.with_raw_response.create(model="sim-large", messages=_HELLO)
    answer = raw.parse()

    [choice] = answer.choices
    assert choice.message.content
    assert choice.finish_reason == "stop"
    assert answer.model_extra is not None
    assert answer.model_extra["prompt_filter_results"][0]["prompt_index"] == 0
    assert choice.model_extra is not None
    assert choice.model_extra["content_filter_results"]["violence"] == {
        "filtered": False,
        "severity": "safe",
    }
    assert raw.headers["x-ms-region"] == "Sweden Central"
    assert raw.headers["apim-request-id"]
    assert raw.headers["x-ratelimit-remaining-requests"] in {"9999", "10000"}
    assert alpha.log[-1].path == "/openai/deployments/sim-large/chat/completions"


async def test_streamed_answer(sdk: openai.AsyncAzureOpenAI) -> None:
    """First what the filters found in the prompt, without choice; then as at OpenAI."""
    stream = await sdk.chat.completions.create(
        model="sim-large",
        messages=_HELLO,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    assert len(chunks) == 1 + 1 + 8 + 1 + 1
    assert (chunks[0].choices, chunks[0].model) == ([], "")
    assert chunks[0].model_extra is not None
    assert "prompt_filter_results" in chunks[0].model_extra
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


@pytest.mark.parametrize("stream", [False, True])
async def test_tools(sdk: openai.AsyncAzureOpenAI, *, stream: bool) -> None:
    """Unary, and accumulated by the SDK."""
    if stream:
        async with sdk.chat.completions.stream(
            model="sim-large", messages=_HELLO, tools=[_WEATHER]
        ) as events:
            answer: ChatCompletion = await events.get_final_completion()
    else:
        answer = await sdk.chat.completions.create(
            model="sim-large", messages=_HELLO, tools=[_WEATHER]
        )

    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "weather"
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_filters_of_prompt_and_answer(
    sdk: openai.AsyncAzureOpenAI, alpha: SimulatedProvider
) -> None:
    """An answer that ends early says which filter; a prompt that is blocked is a 400."""
    alpha.inject(Fault(effect=ContentFilter(after_tokens=2), count=1))
    stream = await sdk.chat.completions.create(model="sim-large", messages=_HELLO, stream=True)
    last = [chunk async for chunk in stream][-1].choices[0]
    alpha.inject(Fault(effect=Status(problem=Problem.CONTENT_POLICY), count=1))

    with pytest.raises(openai.BadRequestError) as raised:
        await sdk.chat.completions.create(model="sim-large", messages=_HELLO)

    assert last.finish_reason == "content_filter"
    assert last.model_extra is not None
    assert last.model_extra["content_filter_results"]["violence"]["filtered"] is True
    assert raised.value.code == "content_filter"
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"


@pytest.mark.parametrize(
    ("problem", "error", "status", "code"),
    [
        (Problem.RATE_LIMIT, openai.RateLimitError, 429, "429"),
        (Problem.INSUFFICIENT_QUOTA, openai.RateLimitError, 429, "429"),
        (Problem.SLOW_DOWN, openai.RateLimitError, 429, "RateLimitReached"),
        (Problem.AUTH, openai.AuthenticationError, 401, "401"),
        (Problem.FORBIDDEN, openai.PermissionDeniedError, 403, "403"),
        (Problem.MODEL_NOT_FOUND, openai.NotFoundError, 404, "DeploymentNotFound"),
        (Problem.INVALID_REQUEST, openai.BadRequestError, 400, "unsupported_parameter"),
        (Problem.CONTEXT_LENGTH, openai.BadRequestError, 400, "context_length_exceeded"),
        (Problem.OVERLOADED, openai.InternalServerError, 503, "ServiceUnavailable"),
        (Problem.SERVER_ERROR, openai.InternalServerError, 500, "InternalServerError"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises_its_own_exception(
    sdk: openai.AsyncAzureOpenAI,
    alpha: SimulatedProvider,
    problem: Problem,
    error: type[openai.APIStatusError],
    status: int,
    code: str,
    *,
    stream: bool,
) -> None:
    """The gateway's codes, and the model's."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    with pytest.raises(error) as raised:
        await sdk.chat.completions.create(model="sim-large", messages=_HELLO, stream=stream)

    assert (raised.value.status_code, raised.value.code) == (status, code)


async def test_an_error_inside_a_stream_is_raised_from_it(
    sdk: openai.AsyncAzureOpenAI, alpha: SimulatedProvider
) -> None:
    """After the tokens that came before it."""
    alpha.inject(Fault(effect=ErrorEvent(problem=Problem.SERVER_ERROR, after_tokens=3)))

    async def collect() -> None:
        async for _ in await sdk.chat.completions.create(
            model="sim-large", messages=_HELLO, stream=True
        ):
            pass

    with pytest.raises(openai.APIError, match="The server had an error"):
        await collect()


async def test_real_refusals_raise_too(
    sdk: openai.AsyncAzureOpenAI, alpha: SimulatedProvider
) -> None:
    """Without any fault: key, deployment, API version, parameter, too long a prompt."""
    with pytest.raises(openai.AuthenticationError, match="invalid subscription key"):
        await sdk.with_options(api_key="wrong").chat.completions.create(
            model="sim-large", messages=_HELLO
        )
    with pytest.raises(openai.NotFoundError, match="API deployment for this resource"):
        await sdk.chat.completions.create(model="gpt-9", messages=_HELLO)
    with pytest.raises(openai.BadRequestError, match="decimal above maximum value"):
        await sdk.chat.completions.create(model="sim-large", messages=_HELLO, temperature=3)
    with pytest.raises(openai.BadRequestError, match="'web_search_options' is not supported"):
        await sdk.chat.completions.create(model="sim-large", messages=_HELLO, web_search_options={})
    with pytest.raises(openai.BadRequestError, match="maximum context length is 16384"):
        await sdk.chat.completions.create(
            model="sim-small", messages=[{"role": "user", "content": "word " * 20_000}]
        )
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=alpha.base_url, api_key=_KEY, api_version="latest", max_retries=0
    ) as undated:
        with pytest.raises(openai.NotFoundError, match="Resource not found"):
            await undated.chat.completions.create(model="sim-large", messages=_HELLO)


async def test_the_path_without_deployment(alpha: SimulatedProvider) -> None:
    """OpenAI's own client finds the API of version 1, with the deployment in the body."""
    async with openai.AsyncOpenAI(
        base_url=f"{alpha.base_url}/openai/v1", api_key=_KEY, max_retries=0
    ) as client:
        answer = await client.chat.completions.create(model="sim-small", messages=_HELLO)
        listed = [model.id async for model in await client.models.list()]

    assert answer.model == "sim-small-2026-03-01"
    assert listed == ["sim-large", "sim-small", "sim-reasoner"]
