"""Google's own SDK talks to the simulator and notices no difference."""

# The SDK comes without types, or with types that are not whole.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pydantic
import pytest
import pytest_asyncio
from google.genai import Client, errors, types
from google.genai.client import AsyncClient

from routersvc.simulator import (
    Behaviour,
    Constant,
    ContentFilter,
    ErrorEvent,
    Fault,
    InvalidToolJson,
    Problem,
    ProviderCharacter,
    SimulatedProvider,
    Simulator,
    Status,
)

pytestmark = [
    # One simulator and one client for all tests: it is the client that takes its time.
    pytest.mark.asyncio(loop_scope="module"),
    # The SDK's own way to use its HTTP client.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession"),
]

_KEY = "AIzaSimulated0123456789"
_WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            parameters=types.Schema(
                type=types.Type.OBJECT,
                properties={"city": types.Schema(type=types.Type.STRING)},
                required=["city"],
            ),
        )
    ]
)
_WITH_TOOLS = types.GenerateContentConfig(tools=[_WEATHER])


class Report(pydantic.BaseModel):
    """The structured answer that tests ask for."""

    title: str
    pages: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format="gemini",
        api_keys=(_KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


def _client(alpha: SimulatedProvider, key: str = _KEY) -> Client:
    return Client(api_key=key, http_options=types.HttpOptions(base_url=alpha.base_url))


@pytest.fixture(autouse=True)
def alpha(simulator: Simulator) -> SimulatedProvider:
    """The provider, as it was at the beginning."""
    provider = simulator.provider("alpha")
    provider.behave(provider.character.behaviour)
    provider.clear_faults()
    provider.clear_log()
    return provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sdk(simulator: Simulator) -> AsyncIterator[AsyncClient]:
    """The vendor's SDK; it does not retry unless told to."""
    client = _client(simulator.provider("alpha"))
    async with client.aio as opened:
        yield opened
    client.close()


async def test_unary_answer(sdk: AsyncClient, alpha: SimulatedProvider) -> None:
    """The plain case; the SDK writes what it is configured with in camel case."""
    answer = await sdk.models.generate_content(
        model="sim-large",
        contents="Hello there",
        config=types.GenerateContentConfig(
            system_instruction="Be brief.", temperature=0.5, max_output_tokens=64, top_k=40
        ),
    )

    assert answer.text
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.candidates_token_count == 8
    assert answer.model_version == "sim-large-2026-03-01"
    assert answer.response_id
    assert (alpha.log[-1].api_key_end, alpha.log[-1].tokens_sent) == ("6789", 8)


async def test_streamed_answer(sdk: AsyncClient) -> None:
    """As many chunks as tokens and one that finishes; the usage grows."""
    whole = await sdk.models.generate_content(model="sim-large", contents="Hello there")

    stream = await sdk.models.generate_content_stream(model="sim-large", contents="Hello there")
    chunks = [chunk async for chunk in stream]

    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert len(chunks) == 9
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates]
    assert reasons == [None] * 8 + [types.FinishReason.STOP]
    counts = [
        chunk.usage_metadata.candidates_token_count for chunk in chunks if chunk.usage_metadata
    ]
    assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 8]


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_and_their_results(
    sdk: AsyncClient, alpha: SimulatedProvider, *, stream: bool
) -> None:
    """Two parallel calls, their results, a text: the two turns of an agent."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))
    question = types.Content(role="user", parts=[types.Part(text="How is it?")])
    calls: list[types.FunctionCall] = []
    if stream:
        async for chunk in await sdk.models.generate_content_stream(
            model="sim-large", contents=[question], config=_WITH_TOOLS
        ):
            calls += chunk.function_calls or []
    else:
        first = await sdk.models.generate_content(
            model="sim-large", contents=[question], config=_WITH_TOOLS
        )
        calls += first.function_calls or []

    second = await sdk.models.generate_content(
        model="sim-large",
        contents=[
            question,
            types.Content(role="model", parts=[types.Part(function_call=call) for call in calls]),
            types.Content(
                role="user",
                parts=[
                    types.Part.from_function_response(name="weather", response={"sky": "clear"})
                    for _ in calls
                ],
            ),
        ],
        config=_WITH_TOOLS,
    )

    assert [(call.name, list(call.args or {})) for call in calls] == [("weather", ["city"])] * 2
    assert second.text


async def test_structured_output_is_parsed(sdk: AsyncClient) -> None:
    """The SDK makes the schema in Google's own spelling, and validates the instance."""
    answer = await sdk.models.generate_content(
        model="sim-large",
        contents="A report as JSON",
        config=types.GenerateContentConfig(
            response_mime_type="application/json", response_schema=Report
        ),
    )

    assert isinstance(answer.parsed, Report)


async def test_thoughts_limits_and_images(sdk: AsyncClient) -> None:
    """Thoughts are counted apart; a limit ends the answer; an image costs tokens."""
    thought = await sdk.models.generate_content(
        model="sim-reasoner",
        contents="Hello there",
        config=types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)
        ),
    )
    limited = await sdk.models.generate_content(
        model="sim-large",
        contents="Hello there",
        config=types.GenerateContentConfig(max_output_tokens=3),
    )
    image = types.Part.from_bytes(data=b"\x89PNG\r\n\x1a\n" + bytes(16), mime_type="image/png")
    seen = await sdk.models.generate_content(model="sim-large", contents=["What is it?", image])

    assert thought.usage_metadata is not None
    assert thought.usage_metadata.thoughts_token_count == 64
    assert thought.usage_metadata.candidates_token_count == 8
    assert limited.candidates is not None
    assert limited.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert seen.usage_metadata is not None
    assert (seen.usage_metadata.prompt_token_count or 0) > 765


async def test_filtered_blocked_and_malformed(sdk: AsyncClient, alpha: SimulatedProvider) -> None:
    """Google's own ways to give no answer with status 200."""
    alpha.inject(Fault(effect=ContentFilter(), count=1))
    filtered = await sdk.models.generate_content(model="sim-large", contents="Hello there")
    alpha.inject(Fault(effect=Status(problem=Problem.CONTENT_POLICY), count=2))
    blocked = await sdk.models.generate_content(model="sim-large", contents="Hello there")
    stream = await sdk.models.generate_content_stream(model="sim-large", contents="Hello there")
    [streamed] = [chunk async for chunk in stream]
    alpha.inject(Fault(effect=InvalidToolJson(), count=1))
    malformed = await sdk.models.generate_content(
        model="sim-large", contents="Hello there", config=_WITH_TOOLS
    )

    assert filtered.candidates is not None
    assert filtered.candidates[0].finish_reason is types.FinishReason.SAFETY
    for answer in (blocked, streamed):
        assert answer.prompt_feedback is not None
        assert answer.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
        assert not answer.candidates
    assert malformed.candidates is not None
    assert malformed.candidates[0].finish_reason is types.FinishReason.MALFORMED_FUNCTION_CALL


@pytest.mark.parametrize(
    ("problem", "error", "code", "status"),
    [
        (Problem.RATE_LIMIT, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (Problem.REQUEST_TOO_LARGE, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (Problem.INSUFFICIENT_QUOTA, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (Problem.SPEND_LIMIT, errors.ClientError, 402, "RESOURCE_EXHAUSTED"),
        (Problem.AUTH, errors.ClientError, 400, "INVALID_ARGUMENT"),
        (Problem.FORBIDDEN, errors.ClientError, 403, "PERMISSION_DENIED"),
        (Problem.MODEL_NOT_FOUND, errors.ClientError, 404, "NOT_FOUND"),
        (Problem.INVALID_REQUEST, errors.ClientError, 400, "INVALID_ARGUMENT"),
        (Problem.CONTEXT_LENGTH, errors.ClientError, 400, "INVALID_ARGUMENT"),
        (Problem.OVERLOADED, errors.ServerError, 503, "UNAVAILABLE"),
        (Problem.SLOW_DOWN, errors.ServerError, 503, "UNAVAILABLE"),
        (Problem.SERVER_ERROR, errors.ServerError, 500, "INTERNAL"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises_its_own_exception(
    sdk: AsyncClient,
    alpha: SimulatedProvider,
    problem: Problem,
    error: type[errors.APIError],
    code: int,
    status: str,
    *,
    stream: bool,
) -> None:
    """The SDK knows two sorts, and reads code and status from the body."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    async def ask() -> None:
        if stream:
            events = await sdk.models.generate_content_stream(model="sim-large", contents="Hello")
            assert [event async for event in events]
        else:
            await sdk.models.generate_content(model="sim-large", contents="Hello")

    with pytest.raises(error) as raised:
        await ask()

    assert (raised.value.code, raised.value.status) == (code, status)


async def test_the_time_to_wait_stands_in_a_detail(
    sdk: AsyncClient, alpha: SimulatedProvider
) -> None:
    """And in the sentence; nowhere in the headers."""
    alpha.inject(Fault(effect=Status(problem=Problem.RATE_LIMIT, retry_after=7)))

    with pytest.raises(errors.ClientError, match=r"Please retry in 7s\.") as raised:
        await sdk.models.generate_content(model="sim-large", contents="Hello")

    body: Any = raised.value.details
    details = body["error"]["details"]
    delays = [detail["retryDelay"] for detail in details if "retryDelay" in detail]
    assert delays == ["7s"]


async def test_an_error_inside_a_stream_is_raised_from_it(
    sdk: AsyncClient, alpha: SimulatedProvider
) -> None:
    """After the tokens that came before it."""
    alpha.inject(Fault(effect=ErrorEvent(problem=Problem.OVERLOADED, after_tokens=3)))
    received: list[str | None] = []

    async def collect() -> None:
        stream = await sdk.models.generate_content_stream(model="sim-large", contents="Hello")
        async for chunk in stream:
            received.append(chunk.text)  # noqa: PERF401 - kept on errors

    with pytest.raises(errors.ServerError, match="503 UNAVAILABLE"):
        await collect()

    assert len(received) == 3


async def test_real_refusals_raise_too(sdk: AsyncClient, alpha: SimulatedProvider) -> None:
    """Without any fault: wrong key, wrong model, wrong parameter, too long a prompt."""
    wrong = _client(alpha, "AIzaWrong")
    async with wrong.aio as other:
        with pytest.raises(errors.ClientError, match="API key not valid"):
            await other.models.generate_content(model="sim-large", contents="Hello")
    wrong.close()
    with pytest.raises(errors.ClientError, match="models/gemini-9 is not found"):
        await sdk.models.generate_content(model="gemini-9", contents="Hello")
    with pytest.raises(errors.ClientError, match="temperature: must be at most 2"):
        await sdk.models.generate_content(
            model="sim-large", contents="Hello", config=types.GenerateContentConfig(temperature=3)
        )
    with pytest.raises(errors.ClientError, match="exceeds the maximum number of tokens"):
        await sdk.models.generate_content(model="sim-small", contents="word " * 20_000)


async def test_models_are_listed(sdk: AsyncClient) -> None:
    """Health checks use the list because it costs nothing."""
    listed = [model.name async for model in await sdk.models.list()]

    assert listed == ["models/sim-large", "models/sim-small", "models/sim-reasoner"]
    assert (await sdk.models.get(model="sim-small")).input_token_limit == 16_384
