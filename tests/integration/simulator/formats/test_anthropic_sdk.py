"""Anthropic's own SDK talks to the simulator and notices no difference."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anthropic
import pytest

from routersvc.simulator import (
    Behaviour,
    Constant,
    ErrorEvent,
    Fault,
    Problem,
    ProviderCharacter,
    RateLimit,
    SimulatedProvider,
    Simulator,
    Status,
)

if TYPE_CHECKING:
    from anthropic.types import Message, MessageParam, ToolParam

_KEY = "sk-ant-simulated-0123456789"
_HELLO: list[MessageParam] = [{"role": "user", "content": "Hello there"}]
_WEATHER: ToolParam = {
    "name": "weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator with one provider, `alpha`, that answers at once with 8 tokens."""
    alpha = ProviderCharacter(
        name="alpha",
        wire_format="anthropic_messages",
        api_keys=(_KEY,),
        behaviour=Behaviour(tokens_per_answer=Constant(value=8)),
    )
    async with Simulator.start([alpha]) as running:
        yield running


@pytest.fixture
async def sdk(alpha: SimulatedProvider) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """The vendor's SDK, without retries of its own."""
    async with anthropic.AsyncAnthropic(
        base_url=alpha.base_url, api_key=_KEY, max_retries=0
    ) as client:
        yield client


def _plain(message: Message) -> list[dict[str, object]]:
    """Return the content as JSON, without what the SDK's helpers add to it."""
    return [block.model_dump(exclude={"parsed_output"}) for block in message.content]


async def test_unary_answer(sdk: anthropic.AsyncAnthropic, alpha: SimulatedProvider) -> None:
    """The plain case, with the limits in the headers."""
    raw = await sdk.messages.with_raw_response.create(
        model="sim-large", max_tokens=64, system="Be brief.", messages=_HELLO
    )
    answer = await raw.parse()

    [block] = answer.content
    assert block.type == "text"
    assert block.text
    assert (answer.stop_reason, answer.model) == ("end_turn", "sim-large-2026-03-01")
    assert answer.usage.output_tokens == 8
    assert answer.id.startswith("msg_01")
    assert raw.headers["request-id"].startswith("req_011")
    assert raw.headers["anthropic-ratelimit-requests-remaining"] in {"9999", "10000"}
    assert raw.headers["anthropic-ratelimit-tokens-reset"].endswith("Z")
    assert (alpha.log[-1].api_key_end, alpha.log[-1].tokens_sent) == ("6789", 8)


async def test_streamed_answer_accumulates(sdk: anthropic.AsyncAnthropic) -> None:
    """The SDK's accumulator is strict about order and indices; the text is the unary one."""
    whole = await sdk.messages.create(model="sim-large", max_tokens=64, messages=_HELLO)

    async with sdk.messages.stream(model="sim-large", max_tokens=64, messages=_HELLO) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_message()

    assert _plain(final) == _plain(whole)
    assert (final.usage.output_tokens, final.stop_reason) == (8, "end_turn")
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert kinds.count("content_block_delta") == 8


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_and_their_results(
    sdk: anthropic.AsyncAnthropic, alpha: SimulatedProvider, *, stream: bool
) -> None:
    """Two parallel calls, their results, a text: the two turns of an agent."""
    alpha.behave(Behaviour(tool_calls_per_answer=2))
    if stream:
        async with sdk.messages.stream(
            model="sim-large", max_tokens=64, messages=_HELLO, tools=[_WEATHER]
        ) as events:
            first: Message = await events.get_final_message()
    else:
        first = await sdk.messages.create(
            model="sim-large", max_tokens=64, messages=_HELLO, tools=[_WEATHER]
        )
    calls = [block for block in first.content if block.type == "tool_use"]

    second = await sdk.messages.create(
        model="sim-large",
        max_tokens=64,
        tools=[_WEATHER],
        messages=[
            *_HELLO,
            first.to_param(),
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
                    for call in calls
                ],
            },
        ],
    )

    assert (first.stop_reason, len(calls)) == ("tool_use", 2)
    assert all(list(call.input) == ["city"] for call in calls)
    assert calls[0].id.startswith("toolu_01")
    assert second.stop_reason == "end_turn"


async def test_tool_choice_and_calls_without_result(sdk: anthropic.AsyncAnthropic) -> None:
    """A named tool is called; a call that nothing answers is refused by its id."""
    named = await sdk.messages.create(
        model="sim-large",
        max_tokens=64,
        messages=_HELLO,
        tools=[{**_WEATHER, "name": "other"}, _WEATHER],
        tool_choice={"type": "tool", "name": "weather"},
    )

    assert [block.name for block in named.content if block.type == "tool_use"] == ["weather"]
    with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks"):
        await sdk.messages.create(
            model="sim-large",
            max_tokens=64,
            tools=[_WEATHER],
            messages=[*_HELLO, named.to_param(), {"role": "user", "content": "and?"}],
        )


async def test_thinking_is_counted_and_signed(sdk: anthropic.AsyncAnthropic) -> None:
    """Only where it is asked for; unary and streamed alike."""
    plain = await sdk.messages.create(model="sim-reasoner", max_tokens=4096, messages=_HELLO)
    thought = await sdk.messages.create(
        model="sim-reasoner", max_tokens=4096, messages=_HELLO, thinking={"type": "adaptive"}
    )
    async with sdk.messages.stream(
        model="sim-reasoner", max_tokens=4096, messages=_HELLO, thinking={"type": "adaptive"}
    ) as stream:
        streamed = await stream.get_final_message()

    assert [block.type for block in plain.content] == ["text"]
    assert [block.type for block in thought.content] == ["thinking", "text"]
    assert _plain(streamed) == _plain(thought)
    assert thought.usage.output_tokens_details is not None
    assert thought.usage.output_tokens_details.thinking_tokens == 512
    assert thought.usage.output_tokens == plain.usage.output_tokens + 512


async def test_images_limits_and_stop_sequences(sdk: anthropic.AsyncAnthropic) -> None:
    """They have the effect that clients rely on."""
    seen = await sdk.messages.create(
        model="sim-large",
        max_tokens=64,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": _PNG},
                    },
                ],
            }
        ],
    )
    limited = await sdk.messages.create(model="sim-large", max_tokens=3, messages=_HELLO)
    stopped = await sdk.messages.create(
        model="sim-large", max_tokens=64, messages=_HELLO, stop_sequences=[" "]
    )

    assert seen.usage.input_tokens > 765
    assert (limited.stop_reason, limited.usage.output_tokens) == ("max_tokens", 3)
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", " ")


@pytest.mark.parametrize(
    ("problem", "error", "status", "kind"),
    [
        (Problem.RATE_LIMIT, anthropic.RateLimitError, 429, "rate_limit_error"),
        (Problem.REQUEST_TOO_LARGE, anthropic.RateLimitError, 429, "rate_limit_error"),
        (Problem.SLOW_DOWN, anthropic.RateLimitError, 429, "rate_limit_error"),
        (Problem.INSUFFICIENT_QUOTA, anthropic.BadRequestError, 400, "invalid_request_error"),
        (Problem.SPEND_LIMIT, anthropic.BadRequestError, 400, "invalid_request_error"),
        (Problem.AUTH, anthropic.AuthenticationError, 401, "authentication_error"),
        (Problem.FORBIDDEN, anthropic.PermissionDeniedError, 403, "permission_error"),
        (Problem.MODEL_NOT_FOUND, anthropic.NotFoundError, 404, "not_found_error"),
        (Problem.INVALID_REQUEST, anthropic.BadRequestError, 400, "invalid_request_error"),
        (Problem.CONTEXT_LENGTH, anthropic.BadRequestError, 400, "invalid_request_error"),
        (Problem.CONTENT_POLICY, anthropic.BadRequestError, 400, "invalid_request_error"),
        (Problem.OVERLOADED, anthropic.OverloadedError, 529, "overloaded_error"),
        (Problem.SERVER_ERROR, anthropic.InternalServerError, 500, "api_error"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_problem_raises_its_own_exception(
    sdk: anthropic.AsyncAnthropic,
    alpha: SimulatedProvider,
    problem: Problem,
    error: type[anthropic.APIStatusError],
    status: int,
    kind: str,
    *,
    stream: bool,
) -> None:
    """By status; the body names the type, and the id of the request as the header does."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    with pytest.raises(error) as raised:
        await sdk.messages.create(model="sim-large", max_tokens=64, messages=_HELLO, stream=stream)

    body = raised.value.body
    assert isinstance(body, dict)
    assert (raised.value.status_code, body["error"]["type"]) == (status, kind)
    assert body["request_id"] == raised.value.response.headers["request-id"]


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (Problem.OVERLOADED, "overloaded_error"),
        (Problem.RATE_LIMIT, "rate_limit_error"),
        (Problem.SERVER_ERROR, "api_error"),
    ],
)
async def test_an_error_inside_a_stream_is_raised_from_it(
    sdk: anthropic.AsyncAnthropic, alpha: SimulatedProvider, problem: Problem, kind: str
) -> None:
    """After the tokens that came before it."""
    alpha.inject(Fault(effect=ErrorEvent(problem=problem, after_tokens=3)))
    received: list[str] = []

    async def collect() -> None:
        async with sdk.messages.stream(model="sim-large", max_tokens=64, messages=_HELLO) as stream:
            async for text in stream.text_stream:
                received.append(text)  # noqa: PERF401 - kept on errors

    with pytest.raises(anthropic.APIStatusError) as raised:
        await collect()

    assert (len(received), isinstance(raised.value.body, dict)) == (3, True)
    assert kind in str(raised.value)


async def test_real_refusals_raise_too(sdk: anthropic.AsyncAnthropic) -> None:
    """Without any fault: key, model, limits, and what the API of this version does not take."""
    wrong = sdk.with_options(api_key="sk-ant-wrong")
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        await wrong.messages.create(model="sim-large", max_tokens=64, messages=_HELLO)
    with pytest.raises(anthropic.NotFoundError, match="model: claude-9"):
        await sdk.messages.create(model="claude-9", max_tokens=64, messages=_HELLO)
    with pytest.raises(anthropic.BadRequestError, match=r"max_tokens: 99999 > 16384"):
        await sdk.messages.create(model="sim-large", max_tokens=99_999, messages=_HELLO, timeout=5)
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        await sdk.messages.create(
            model="sim-small",
            max_tokens=64,
            messages=[{"role": "user", "content": "word " * 20_000}],
        )
    with pytest.raises(anthropic.BadRequestError, match="temperature: Extra inputs"):
        await sdk.messages.create(
            model="sim-large", max_tokens=64, messages=_HELLO, extra_body={"temperature": 0.5}
        )


async def test_the_older_version_takes_sampling_parameters(sdk: anthropic.AsyncAnthropic) -> None:
    """A client that names the version of 2023 goes on as it did."""
    older = sdk.with_options(default_headers={"anthropic-version": "2023-06-01"})

    answer = await older.messages.create(
        model="sim-large", max_tokens=64, messages=_HELLO, extra_body={"temperature": 0.5}
    )

    assert answer.stop_reason == "end_turn"
    with pytest.raises(anthropic.BadRequestError, match="temperature: Input should be less"):
        await older.messages.create(
            model="sim-large", max_tokens=64, messages=_HELLO, extra_body={"temperature": 1.5}
        )


async def test_limits_that_are_enforced(
    sdk: anthropic.AsyncAnthropic, alpha: SimulatedProvider
) -> None:
    """The third of two a minute is refused, and told when to come back."""
    limit = RateLimit(requests_per_minute=2, tokens_per_minute=1000, enforced=True)
    alpha.behave(Behaviour(rate_limit=limit))
    for _ in range(2):
        await sdk.messages.create(model="sim-large", max_tokens=64, messages=_HELLO)

    with pytest.raises(anthropic.RateLimitError) as refused:
        await sdk.messages.create(model="sim-large", max_tokens=64, messages=_HELLO)

    headers = refused.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 30
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"


async def test_models_are_listed_and_described(sdk: anthropic.AsyncAnthropic) -> None:
    """Health checks use the list because it costs nothing."""
    listed = [model.id async for model in await sdk.models.list()]

    assert listed == ["sim-large", "sim-small", "sim-reasoner"]
    assert (await sdk.models.retrieve("sim-small")).id == "sim-small"
    with pytest.raises(anthropic.NotFoundError):
        await sdk.models.retrieve("sim-huge")
