"""Cohere's own SDK talks to the simulator and notices no difference."""

# The SDK comes without types, or with types that are not whole.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import AsyncIterator

import cohere
import pytest
import pytest_asyncio
from cohere.core import ApiError
from cohere.core.request_options import RequestOptions

from routersvc.simulator import (
    Behaviour,
    Constant,
    ErrorEvent,
    Fault,
    Problem,
    ProviderCharacter,
    SimulatedProvider,
    Simulator,
    Status,
)

# One simulator and one client for all tests: it is the client that takes its time.
pytestmark = pytest.mark.asyncio(loop_scope="module")

_KEY = "simulated-cohere-0123456789"
_ONCE = RequestOptions(max_retries=0)
_HELLO: list[cohere.ChatMessageV2] = [cohere.UserChatMessageV2(content="Hello there")]
_WEATHER = cohere.ToolV2(
    type="function",
    function=cohere.ToolV2Function(
        name="weather",
        parameters={
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    ),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format="cohere_chat",
        api_keys=(_KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


@pytest.fixture(autouse=True)
def alpha(simulator: Simulator) -> SimulatedProvider:
    """The provider, as it was at the beginning."""
    provider = simulator.provider("alpha")
    provider.behave(provider.character.behaviour)
    provider.clear_faults()
    provider.clear_log()
    return provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sdk(simulator: Simulator) -> AsyncIterator[cohere.AsyncClientV2]:
    """The vendor's SDK."""
    origin = simulator.provider("alpha").base_url
    async with cohere.AsyncClientV2(api_key=_KEY, base_url=origin) as client:
        yield client


async def test_unary_answer(sdk: cohere.AsyncClientV2, alpha: SimulatedProvider) -> None:
    """The plain case."""
    answer = await sdk.chat(model="sim-large", messages=_HELLO, max_tokens=64, temperature=0.5)

    [content] = answer.message.content or []
    assert content.type == "text"
    assert content.text
    assert answer.finish_reason == "COMPLETE"
    assert answer.usage is not None
    assert answer.usage.tokens is not None
    assert answer.usage.tokens.output_tokens == 8
    assert (alpha.log[-1].api_key_end, alpha.log[-1].tokens_sent) == ("6789", 8)


async def test_streamed_answer(sdk: cohere.AsyncClientV2) -> None:
    """Start, content, end; the SDK ends with `[DONE]`."""
    whole = await sdk.chat(model="sim-large", messages=_HELLO)
    [content] = whole.message.content or []

    events = [event async for event in sdk.chat_stream(model="sim-large", messages=_HELLO)]

    kinds = [event.type for event in events]
    assert kinds == [
        "message-start",
        "content-start",
        *["content-delta"] * 8,
        "content-end",
        "message-end",
    ]
    assert content.type == "text"
    assert "".join(_text(event) for event in events) == content.text


def _text(event: object) -> str:
    if not isinstance(event, cohere.ContentDeltaV2ChatStreamResponse):
        return ""
    delta = event.delta
    assert delta is not None
    assert delta.message is not None
    assert delta.message.content is not None
    return delta.message.content.text or ""


async def test_tools_and_their_results(sdk: cohere.AsyncClientV2, alpha: SimulatedProvider) -> None:
    """Two parallel calls with a plan, their results, a text: the two turns of an agent."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))
    first = await sdk.chat(model="sim-large", messages=_HELLO, tools=[_WEATHER])
    calls = first.message.tool_calls or []

    second = await sdk.chat(
        model="sim-large",
        messages=[
            *_HELLO,
            cohere.AssistantChatMessageV2(tool_calls=calls, tool_plan=first.message.tool_plan),
            *[cohere.ToolChatMessageV2(tool_call_id=call.id, content="sunny") for call in calls],
        ],
        tools=[_WEATHER],
    )

    assert (first.finish_reason, len(calls)) == ("TOOL_CALL", 2)
    assert first.message.tool_plan
    assert all(call.function is not None and call.function.name == "weather" for call in calls)
    assert second.finish_reason == "COMPLETE"


async def test_streamed_tools(sdk: cohere.AsyncClientV2) -> None:
    """A plan, then the call: opened with its name, its arguments in pieces, closed."""
    events = [
        event
        async for event in sdk.chat_stream(model="sim-large", messages=_HELLO, tools=[_WEATHER])
    ]

    kinds = [event.type for event in events]
    assert kinds[:3] == ["message-start", "tool-plan-delta", "tool-call-start"]
    assert kinds[-2:] == ["tool-call-end", "message-end"]
    assert kinds.count("tool-call-delta") > 1


@pytest.mark.parametrize(
    ("problem", "error", "status"),
    [
        (Problem.RATE_LIMIT, cohere.TooManyRequestsError, 429),
        (Problem.REQUEST_TOO_LARGE, cohere.TooManyRequestsError, 429),
        (Problem.INSUFFICIENT_QUOTA, cohere.TooManyRequestsError, 429),
        (Problem.SLOW_DOWN, cohere.TooManyRequestsError, 429),
        (Problem.SPEND_LIMIT, ApiError, 402),
        (Problem.AUTH, cohere.UnauthorizedError, 401),
        (Problem.FORBIDDEN, cohere.ForbiddenError, 403),
        (Problem.MODEL_NOT_FOUND, cohere.NotFoundError, 404),
        (Problem.INVALID_REQUEST, cohere.BadRequestError, 400),
        (Problem.CONTEXT_LENGTH, cohere.BadRequestError, 400),
        (Problem.CONTENT_POLICY, cohere.BadRequestError, 400),
        (Problem.OVERLOADED, cohere.ServiceUnavailableError, 503),
        (Problem.SERVER_ERROR, cohere.InternalServerError, 500),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises_its_own_exception(
    sdk: cohere.AsyncClientV2,
    alpha: SimulatedProvider,
    problem: Problem,
    error: type[ApiError],
    status: int,
    *,
    stream: bool,
) -> None:
    """By status; the body has an id and a sentence."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    async def ask() -> None:
        if stream:
            events = sdk.chat_stream(model="sim-large", messages=_HELLO, request_options=_ONCE)
            assert [event async for event in events]
        else:
            await sdk.chat(model="sim-large", messages=_HELLO, request_options=_ONCE)

    with pytest.raises(error) as raised:
        await ask()

    assert raised.value.status_code == status
    assert isinstance(raised.value.body, dict)
    assert len(raised.value.body["id"]) == 36


async def test_an_error_inside_a_stream_is_its_end(
    sdk: cohere.AsyncClientV2, alpha: SimulatedProvider
) -> None:
    """The SDK raises nothing: the finish reason says it, and a sentence."""
    alpha.inject(Fault(effect=ErrorEvent(problem=Problem.SERVER_ERROR, after_tokens=3)))

    events = [event async for event in sdk.chat_stream(model="sim-large", messages=_HELLO)]

    last = events[-1]
    assert isinstance(last, cohere.MessageEndV2ChatStreamResponse)
    assert last.delta is not None
    assert last.delta.finish_reason == "ERROR"
    assert last.delta.error == "internal server error, this has been reported to our developers."
    assert [event.type for event in events].count("content-delta") == 3


async def test_real_refusals_raise_too(sdk: cohere.AsyncClientV2, alpha: SimulatedProvider) -> None:
    """Without any fault: wrong key, wrong model, wrong parameter, too long a prompt."""
    async with cohere.AsyncClientV2(api_key="wrong", base_url=alpha.base_url) as stranger:
        with pytest.raises(cohere.UnauthorizedError, match="Incorrect API key provided"):
            await stranger.chat(model="sim-large", messages=_HELLO, request_options=_ONCE)
    with pytest.raises(cohere.NotFoundError, match="model 'command-9' not found"):
        await sdk.chat(model="command-9", messages=_HELLO, request_options=_ONCE)
    with pytest.raises(cohere.BadRequestError, match="temperature must be at most 1"):
        await sdk.chat(model="sim-large", messages=_HELLO, temperature=2, request_options=_ONCE)
    long: list[cohere.ChatMessageV2] = [cohere.UserChatMessageV2(content="word " * 20_000)]
    with pytest.raises(cohere.BadRequestError, match="TOO_MANY_TOKENS"):
        await sdk.chat(model="sim-small", messages=long, request_options=_ONCE)


async def test_models_are_listed(sdk: cohere.AsyncClientV2) -> None:
    """Health checks use the list because it costs nothing."""
    listed = await sdk.models.list()

    assert [model.name for model in listed.models] == ["sim-large", "sim-small", "sim-reasoner"]
