"""Mistral's own SDK talks to the simulator and notices no difference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, MistralError, ResponseValidationError

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

_KEY = "simulated-mistral-0123456789"
_HELLO: list[Any] = [{"role": "user", "content": "Hello there"}]
_WEATHER: Any = {
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider of Mistral's format, `alpha`, and one of OpenAI's."""
    behaviour = Behaviour(tokens_per_answer=Constant(value=8))
    characters = [
        ProviderCharacter(name=name, wire_format=wire_format, api_keys=(_KEY,), behaviour=behaviour)
        for name, wire_format in (("alpha", "mistral_chat"), ("compatible", "openai_chat"))
    ]
    async with Simulator.start(characters) as running:
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
async def sdk(simulator: Simulator) -> AsyncIterator[Mistral]:
    """The vendor's SDK; it does not retry unless told to."""
    origin = simulator.provider("alpha").origin
    async with Mistral(api_key=_KEY, server_url=origin) as client:
        yield client


async def test_unary_answer(sdk: Mistral, alpha: SimulatedProvider) -> None:
    """The plain case; the model is named as it was asked for."""
    answer = await sdk.chat.complete_async(
        model="sim-large", messages=_HELLO, max_tokens=64, temperature=0.5, random_seed=7
    )

    [choice] = answer.choices
    assert choice.message is not None
    assert choice.message.content
    assert (choice.finish_reason, answer.model) == ("stop", "sim-large")
    assert answer.usage.completion_tokens == 8
    assert (alpha.log[-1].api_key_end, alpha.log[-1].tokens_sent) == ("6789", 8)


async def test_streamed_answer(sdk: Mistral) -> None:
    """The usage comes unasked, with the finish reason."""
    whole = await sdk.chat.complete_async(model="sim-large", messages=_HELLO)

    stream = await sdk.chat.stream_async(model="sim-large", messages=_HELLO)
    chunks = [event.data async for event in stream]

    assert len(chunks) == 1 + 8 + 1
    text = "".join(str(chunk.choices[0].delta.content) for chunk in chunks)
    assert whole.choices[0].message is not None
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


async def test_tools_and_their_results(sdk: Mistral, alpha: SimulatedProvider) -> None:
    """Two parallel calls, their results, a text: the two turns of an agent."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))
    first = await sdk.chat.complete_async(model="sim-large", messages=_HELLO, tools=[_WEATHER])
    message = first.choices[0].message
    assert message is not None
    calls = list(message.tool_calls or [])

    history: list[Any] = [
        *_HELLO,
        message,
        *[{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls],
    ]
    second = await sdk.chat.complete_async(model="sim-large", messages=history, tools=[_WEATHER])

    assert (first.choices[0].finish_reason, len(calls)) == ("tool_calls", 2)
    assert all(call.function.name == "weather" and len(str(call.id)) == 9 for call in calls)
    assert second.choices[0].finish_reason == "stop"


async def test_streamed_tools_come_whole(sdk: Mistral) -> None:
    """One chunk has the call with all its arguments."""
    stream = await sdk.chat.stream_async(model="sim-large", messages=_HELLO, tools=[_WEATHER])
    chunks = [event.data async for event in stream]

    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [call.function.name for call in calls] == ["weather"]
    assert str(calls[0].function.arguments).startswith('{"city":"')
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_openais_format_is_nearly_mistrals(simulator: Simulator) -> None:
    """Text works, unary and streamed; streamed tool calls are why Mistral has its own format."""
    compatible = simulator.provider("compatible")
    async with Mistral(api_key=_KEY, server_url=compatible.origin) as client:
        answer = await client.chat.complete_async(model="sim-large", messages=_HELLO)
        stream = await client.chat.stream_async(model="sim-large", messages=_HELLO)
        chunks = [event async for event in stream]
        calling = await client.chat.stream_async(
            model="sim-large", messages=_HELLO, tools=[_WEATHER]
        )

        with pytest.raises(ResponseValidationError, match=r"function\.name"):
            assert [event async for event in calling]

    assert answer.choices[0].finish_reason == "stop"
    assert len(chunks) == 1 + 8 + 1


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Problem.RATE_LIMIT, 429),
        (Problem.OVERLOADED, 429),
        (Problem.INSUFFICIENT_QUOTA, 402),
        (Problem.AUTH, 401),
        (Problem.FORBIDDEN, 403),
        (Problem.MODEL_NOT_FOUND, 400),
        (Problem.INVALID_REQUEST, 400),
        (Problem.CONTEXT_LENGTH, 400),
        (Problem.SERVER_ERROR, 500),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises(
    sdk: Mistral, alpha: SimulatedProvider, problem: Problem, status: int, *, stream: bool
) -> None:
    """The SDK has one class for all that the API answers, with the status in it."""
    alpha.inject(Fault(effect=Status(problem=problem)))
    method = sdk.chat.stream_async if stream else sdk.chat.complete_async

    with pytest.raises(MistralError) as raised:
        await method(model="sim-large", messages=_HELLO)

    assert raised.value.status_code == status


async def test_an_error_inside_a_stream_is_raised_from_it(
    sdk: Mistral, alpha: SimulatedProvider
) -> None:
    """It is no chunk, and the SDK says so."""
    alpha.inject(Fault(effect=ErrorEvent(problem=Problem.SERVER_ERROR, after_tokens=3)))
    received: list[object] = []

    async def collect() -> None:
        stream = await sdk.chat.stream_async(model="sim-large", messages=_HELLO)
        async for event in stream:
            received.append(event)  # noqa: PERF401 - kept on errors

    with pytest.raises(ResponseValidationError):
        await collect()

    assert len(received) == 1 + 3


async def test_real_refusals_raise_too(sdk: Mistral, alpha: SimulatedProvider) -> None:
    """Without any fault: wrong key, wrong model, wrong parameter, too long a prompt."""
    async with Mistral(api_key="wrong", server_url=alpha.origin) as stranger:
        with pytest.raises(MistralError, match="Invalid API Key"):
            await stranger.chat.complete_async(model="sim-large", messages=_HELLO)
    with pytest.raises(MistralError, match="Invalid model: mistral-9"):
        await sdk.chat.complete_async(model="mistral-9", messages=_HELLO)
    with pytest.raises((HTTPValidationError, MistralError)) as raised:
        await sdk.chat.complete_async(model="sim-large", messages=_HELLO, temperature=2)
    assert raised.value.status_code == 422
    assert "less than or equal to 1.5" in raised.value.body
    long: list[Any] = [{"role": "user", "content": "word " * 20_000}]
    with pytest.raises(MistralError, match="too large for model with 16384"):
        await sdk.chat.complete_async(model="sim-small", messages=long)


async def test_models_are_listed(sdk: Mistral) -> None:
    """Health checks use the list because it costs nothing."""
    listed = await sdk.models.list_async()

    names = [getattr(model, "id", None) for model in listed.data or []]
    assert names == ["sim-large", "sim-small", "sim-reasoner"]
