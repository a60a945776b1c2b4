"""OpenAI's own SDK talks to the simulator over the Responses API and notices no difference."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pydantic
import pytest
from openai.types.responses import (
    FunctionToolParam,
    Response,
    ResponseFunctionToolCall,
    ResponseInputParam,
)

from routersvc.simulator import (
    Behaviour,
    Constant,
    ContentFilter,
    ErrorEvent,
    Fault,
    Problem,
    ProviderCharacter,
    Refusal,
    SimulatedProvider,
    Simulator,
    Status,
)

_KEY = "sk-simulated-0123456789"
_WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class Report(pydantic.BaseModel):
    """The structured answer that tests ask for."""

    title: str
    pages: int


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format="openai_responses",
        api_keys=(_KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


@pytest.fixture
async def sdk(alpha: SimulatedProvider) -> AsyncIterator[openai.AsyncOpenAI]:
    """The vendor's SDK, without retries of its own."""
    async with openai.AsyncOpenAI(base_url=alpha.base_url, api_key=_KEY, max_retries=0) as client:
        yield client


async def test_unary_answer(sdk: openai.AsyncOpenAI, alpha: SimulatedProvider) -> None:
    """The plain case; a response repeats its request."""
    answer = await sdk.responses.create(
        model="sim-large", input="Hello there", instructions="Be brief.", temperature=0.5
    )

    assert answer.output_text
    assert (answer.status, answer.model) == ("completed", "sim-large-2026-03-01")
    assert answer.usage is not None
    assert answer.usage.output_tokens == 8
    assert (answer.instructions, answer.temperature) == ("Be brief.", 0.5)
    assert (alpha.log[-1].api_key_end, alpha.log[-1].tokens_sent) == ("6789", 8)


async def test_streamed_answer_accumulates(sdk: openai.AsyncOpenAI) -> None:
    """The SDK's accumulator is strict about order; events are numbered without a gap."""
    whole = await sdk.responses.create(model="sim-large", input="Hello there")

    async with sdk.responses.stream(model="sim-large", input="Hello there") as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()

    assert final.output_text == whole.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds.count("response.output_text.delta") == 8
    assert kinds[-1] == "response.completed"


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_and_their_results(
    sdk: openai.AsyncOpenAI, alpha: SimulatedProvider, *, stream: bool
) -> None:
    """Two parallel calls after some thought, their results, a text."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))
    if stream:
        async with sdk.responses.stream(
            model="sim-reasoner", input="How is it?", tools=[_WEATHER]
        ) as events:
            first: Response = await events.get_final_response()
    else:
        first = await sdk.responses.create(
            model="sim-reasoner", input="How is it?", tools=[_WEATHER]
        )
    calls = [item for item in first.output if isinstance(item, ResponseFunctionToolCall)]
    history: ResponseInputParam = [{"role": "user", "content": "How is it?"}]
    for call in calls:
        history.append(
            {
                "type": "function_call",
                "call_id": call.call_id,
                "name": call.name,
                "arguments": call.arguments,
            }
        )
    for call in calls:
        history.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})

    second = await sdk.responses.create(model="sim-reasoner", input=history, tools=[_WEATHER])

    assert [item.type for item in first.output] == ["reasoning", "function_call", "function_call"]
    assert [call.name for call in calls] == ["weather", "weather"]
    assert second.output_text


async def test_structured_output_is_parsed(sdk: openai.AsyncOpenAI) -> None:
    """The SDK makes the schema and validates the instance."""
    answer = await sdk.responses.parse(model="sim-large", input="A report", text_format=Report)

    assert isinstance(answer.output_parsed, Report)


async def test_incomplete_refused_and_reasoned(
    sdk: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """A limit and a filter end an answer before its time; a refusal is a part of its own."""
    limited = await sdk.responses.create(
        model="sim-reasoner", input="Hello there", max_output_tokens=16
    )
    alpha.inject(Fault(effect=ContentFilter(after_tokens=2), count=1))
    filtered = await sdk.responses.create(model="sim-large", input="Hello there")
    alpha.inject(Fault(effect=Refusal(text="No."), count=1))
    async with sdk.responses.stream(model="sim-large", input="Hello there") as stream:
        refused = await stream.get_final_response()

    assert limited.incomplete_details is not None
    assert (limited.status, limited.incomplete_details.reason) == (
        "incomplete",
        "max_output_tokens",
    )
    assert limited.usage is not None
    assert limited.usage.output_tokens_details.reasoning_tokens == 16
    assert filtered.incomplete_details is not None
    assert filtered.incomplete_details.reason == "content_filter"
    [message] = refused.output
    assert message.type == "message"
    assert message.content[0].type == "refusal"
    assert message.content[0].refusal == "No."


@pytest.mark.parametrize(
    ("problem", "error", "status"),
    [
        (Problem.RATE_LIMIT, openai.RateLimitError, 429),
        (Problem.AUTH, openai.AuthenticationError, 401),
        (Problem.MODEL_NOT_FOUND, openai.NotFoundError, 404),
        (Problem.INVALID_REQUEST, openai.BadRequestError, 400),
        (Problem.CONTEXT_LENGTH, openai.BadRequestError, 400),
        (Problem.OVERLOADED, openai.InternalServerError, 503),
        (Problem.SERVER_ERROR, openai.InternalServerError, 500),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises_its_own_exception(
    sdk: openai.AsyncOpenAI,
    alpha: SimulatedProvider,
    problem: Problem,
    error: type[openai.APIStatusError],
    status: int,
    *,
    stream: bool,
) -> None:
    """As over chat completions."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    with pytest.raises(error) as raised:
        await sdk.responses.create(model="sim-large", input="Hello there", stream=stream)

    assert raised.value.status_code == status


async def test_an_error_inside_a_stream_is_raised_from_it(
    sdk: openai.AsyncOpenAI, alpha: SimulatedProvider
) -> None:
    """After the tokens that came before it."""
    alpha.inject(Fault(effect=ErrorEvent(problem=Problem.OVERLOADED, after_tokens=3)))
    received: list[str] = []

    async def collect() -> None:
        async for event in await sdk.responses.create(
            model="sim-large", input="Hello there", stream=True
        ):
            received.append(event.type)  # noqa: PERF401 - kept on errors

    with pytest.raises(openai.APIError, match="currently overloaded"):
        await collect()

    assert received.count("response.output_text.delta") == 3


async def test_real_refusals_raise_too(sdk: openai.AsyncOpenAI) -> None:
    """Without any fault: key, model, parameters, too long a prompt, what is not stored."""
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided"):
        await sdk.with_options(api_key="sk-wrong-0123456789").responses.create(
            model="sim-large", input="Hello"
        )
    with pytest.raises(openai.NotFoundError, match="The model `gpt-9` does not exist"):
        await sdk.responses.create(model="gpt-9", input="Hello")
    with pytest.raises(openai.BadRequestError, match="integer below minimum value"):
        await sdk.responses.create(model="sim-large", input="Hello", max_output_tokens=3)
    with pytest.raises(openai.BadRequestError, match="exceeds the context window"):
        await sdk.responses.create(model="sim-small", input="word " * 20_000)
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        await sdk.responses.create(model="sim-large", input="Hello", previous_response_id="resp_1")
    with pytest.raises(openai.BadRequestError, match="No tool call found"):
        await sdk.responses.create(
            model="sim-large",
            input=[{"type": "function_call_output", "call_id": "call_1", "output": "x"}],
        )
