"""Every fault of the simulator, met by the adapter over a real socket.

The simulator and the adapter were written apart: what one means, the other must understand.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.assembly import Answer, collect
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart, ToolCall
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, ToolChoice, ToolChoiceMode
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import KeyAuthorisation
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.http.http1.transport import Http1Transport
from routersvc.providers.http.transports import TransportOptions
from routersvc.simulator import (
    DEFAULT_MODELS,
    Behaviour,
    Close,
    Constant,
    ContentFilter,
    Cut,
    Effect,
    EmptyAnswer,
    EmptyBody,
    EndEarly,
    Ending,
    ErrorEvent,
    Fault,
    Fixed,
    InvalidToolJson,
    MalformedChunk,
    MissingTerminator,
    Problem,
    ProviderCharacter,
    Refusal,
    Reset,
    SimulatedProvider,
    Simulator,
    SlowStart,
    SplitBytes,
    Status,
    TruncatedBody,
    WrongContentType,
    WrongModel,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "sk-simulated-0123456789"
SAID = " ".join(f"word{place}" for place in range(20))
MODEL = DEFAULT_MODELS[0].id
BOTH = (False, True)

WEATHER: dict[str, Any] = {
    "tools": (
        FunctionTool(
            name="weather",
            parameters_json_schema='{"type": "object", "properties": {"city": {"type": "string"}}}',
        ),
    ),
    "tool_choice": ToolChoice(mode=ToolChoiceMode.REQUIRED),
}

PROBLEMS = {
    Problem.RATE_LIMIT: FailureClass.RATE_LIMITED,
    Problem.REQUEST_TOO_LARGE: FailureClass.CONTEXT_LENGTH,
    Problem.INSUFFICIENT_QUOTA: FailureClass.QUOTA_EXHAUSTED,
    Problem.SPEND_LIMIT: FailureClass.QUOTA_EXHAUSTED,
    Problem.AUTH: FailureClass.AUTHENTICATION,
    Problem.FORBIDDEN: FailureClass.PERMISSION,
    Problem.MODEL_NOT_FOUND: FailureClass.MODEL_NOT_FOUND,
    Problem.INVALID_REQUEST: FailureClass.CAPABILITY_MISMATCH,  # it words an unsupported `stop`
    Problem.CONTEXT_LENGTH: FailureClass.CONTEXT_LENGTH,
    Problem.CONTENT_POLICY: FailureClass.CONTENT_FILTERED,
    Problem.OVERLOADED: FailureClass.OVERLOADED,
    Problem.SLOW_DOWN: FailureClass.OVERLOADED,
    Problem.SERVER_ERROR: FailureClass.SERVER_ERROR,
    Problem.BAD_GATEWAY: FailureClass.SERVER_ERROR,
    Problem.UNAVAILABLE: FailureClass.OVERLOADED,
    Problem.GATEWAY_TIMEOUT: FailureClass.SERVER_ERROR,
    Problem.PAYLOAD_TOO_LARGE: FailureClass.SERVER_ERROR,
    Problem.CDN: FailureClass.SERVER_ERROR,
}


@pytest.fixture
async def alpha() -> AsyncIterator[SimulatedProvider]:
    """A provider that says the same twenty words without delay."""
    character = ProviderCharacter(
        name="alpha",
        api_keys=(KEY,),
        behaviour=Behaviour(
            time_to_first_token=Constant(value=0.0),
            time_between_tokens=Constant(value=0.0),
            answer=Fixed(text=SAID),
        ),
    )
    async with Simulator.start([character]) as simulator:
        yield simulator.provider("alpha")


@pytest.fixture
async def gateway(alpha: SimulatedProvider) -> AsyncIterator[ProviderGateway]:
    """A gateway to it."""
    connection = ProviderConnection(
        base_url=alpha.base_url,
        wire_format=openai_chat(DIALECTS["openai"]),
        transport=Http1Transport(TransportOptions()),
        credentials={"key": KeyAuthorisation(lambda: Secret(KEY))},
    )
    gateway = ProviderGateway({"alpha": connection}, wall_clock=lambda: 1_790_000_000.0)
    yield gateway
    await gateway.aclose()


def call(*, streaming: bool, **prompt: Any) -> AttemptCall:  # noqa: ANN401 - the fields of a prompt
    """Return a call of the simulated model."""
    return AttemptCall(
        deployment=Deployment(
            name="alpha-mini",
            provider=Provider(name="alpha", wire_format="openai_chat"),
            model=Model(name="mini", context_window=128_000),
            wire_model=MODEL,
            credential="key",
        ),
        prompt=Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text="Hello"),)),), **prompt
        ),
        streaming=streaming,
        connect_timeout=60.0,
        timeout=120.0,
    )


async def answer(gateway: ProviderGateway, call: AttemptCall) -> Answer:
    """Return what a call is answered with."""
    attempt = gateway.open(call)
    events = list[Any]()
    try:
        while not (events and isinstance(events[-1], Finished)):
            events.extend(await attempt.receive())
    finally:
        await attempt.aclose()
    return collect(events)


async def failure(gateway: ProviderGateway, call: AttemptCall) -> Failure:
    """Return how a call fails."""
    with pytest.raises(AttemptFailedError) as failed:
        await answer(gateway, call)
    return failed.value.failure


def text_of(answer: Answer) -> str:
    """Return an answer's words."""
    return "".join(part.text for part in answer.parts if isinstance(part, TextPart))


@pytest.mark.parametrize("streaming", BOTH, ids=["unary", "stream"])
async def test_sound_answer(
    alpha: SimulatedProvider, gateway: ProviderGateway, *, streaming: bool
) -> None:
    """Nothing is lost on the way, and the provider sees a client that stays to the end."""
    found = await answer(gateway, call(streaming=streaming))

    assert text_of(found) == SAID
    assert found.finish.reason is FinishReason.STOP
    assert found.usage is not None
    assert found.usage.output_tokens > 0
    await alpha.settled()
    assert gateway.connections["alpha"].in_use == 0


@pytest.mark.parametrize("streaming", BOTH, ids=["unary", "stream"])
async def test_tool_call(gateway: ProviderGateway, *, streaming: bool) -> None:
    """Arguments come in pieces and add up to JSON."""
    found = await answer(gateway, call(streaming=streaming, **WEATHER))

    (called,) = (part for part in found.parts if isinstance(part, ToolCall))
    assert called.name == "weather"
    assert found.finish.reason is FinishReason.TOOL_CALLS


@pytest.mark.parametrize("streaming", BOTH, ids=["unary", "stream"])
async def test_json_that_obeys_a_schema(gateway: ProviderGateway, *, streaming: bool) -> None:
    """The simulator makes an instance; the adapter checks that it is JSON."""
    schema = (
        '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], '
        '"additionalProperties": false}'
    )

    found = await answer(
        gateway,
        call(
            streaming=streaming,
            response_format=JsonSchemaFormat(name="a", json_schema=schema, strict=True),
        ),
    )

    assert text_of(found).startswith("{")


def test_every_problem_has_its_class() -> None:
    """A problem that the simulator learns must be understood here."""
    assert PROBLEMS.keys() == set(Problem)


@pytest.mark.parametrize("streaming", BOTH, ids=["unary", "stream"])
@pytest.mark.parametrize("problem", Problem)
async def test_problem_is_understood(
    alpha: SimulatedProvider, gateway: ProviderGateway, problem: Problem, *, streaming: bool
) -> None:
    """In the vendor's own words, with its status and headers."""
    alpha.inject(Fault(effect=Status(problem=problem)))

    found = await failure(gateway, call(streaming=streaming))

    assert found.failure_class is PROBLEMS[problem]


async def test_wait_that_the_provider_asks_for_is_understood(
    alpha: SimulatedProvider, gateway: ProviderGateway
) -> None:
    """However the vendor writes it."""
    alpha.inject(Fault(effect=Status(problem=Problem.RATE_LIMIT, retry_after=7.5)))

    found = await failure(gateway, call(streaming=True))

    assert found.retry_after == 7.5


@pytest.mark.parametrize(
    ("effect", "unary", "stream"),
    [
        (Reset(), FailureClass.RESET, FailureClass.RESET),
        (Close(), FailureClass.RESET, FailureClass.RESET),
        (WrongContentType(), FailureClass.SERVER_ERROR, FailureClass.SERVER_ERROR),
        (EmptyBody(), FailureClass.SERVER_ERROR, FailureClass.TRUNCATED),
        (EmptyAnswer(), FailureClass.BAD_ANSWER, FailureClass.BAD_ANSWER),
        (ContentFilter(), FailureClass.CONTENT_FILTERED, FailureClass.CONTENT_FILTERED),
        (Cut(), FailureClass.RESET, FailureClass.RESET),
        (Cut(after_tokens=5), FailureClass.RESET, FailureClass.TRUNCATED),
        (
            Cut(after_tokens=5, ending=Ending.CLOSE),
            FailureClass.RESET,
            FailureClass.TRUNCATED,
        ),
        (EndEarly(after_tokens=5), FailureClass.SERVER_ERROR, FailureClass.TRUNCATED),
        (EndEarly(), FailureClass.SERVER_ERROR, FailureClass.TRUNCATED),
        (MissingTerminator(), None, None),
        (MalformedChunk(after_tokens=5), FailureClass.SERVER_ERROR, FailureClass.SERVER_ERROR),
        (ErrorEvent(), FailureClass.SERVER_ERROR, FailureClass.SERVER_ERROR),
        (
            ErrorEvent(problem=Problem.OVERLOADED, after_tokens=5),
            FailureClass.OVERLOADED,
            FailureClass.OVERLOADED,
        ),
        (
            ErrorEvent(problem=Problem.RATE_LIMIT),
            FailureClass.RATE_LIMITED,
            FailureClass.RATE_LIMITED,
        ),
        (TruncatedBody(), FailureClass.SERVER_ERROR, None),
        (TruncatedBody(honest_length=False), FailureClass.RESET, None),
    ],
)  # fmt: skip
async def test_fault_is_understood(
    alpha: SimulatedProvider,
    gateway: ProviderGateway,
    effect: Effect,
    unary: FailureClass | None,
    stream: FailureClass | None,
) -> None:
    """Each means what the table of failures says; only a missing terminator is none."""
    alpha.inject(Fault(effect=effect))

    for streaming, expected in ((False, unary), (True, stream)):
        if expected is None:
            assert text_of(await answer(gateway, call(streaming=streaming))) == SAID
        else:
            found = await failure(gateway, call(streaming=streaming))
            assert found.failure_class is expected, streaming

    assert gateway.connections["alpha"].in_use == 0


@pytest.mark.parametrize("streaming", BOTH, ids=["unary", "stream"])
async def test_arguments_that_are_no_json(
    alpha: SimulatedProvider, gateway: ProviderGateway, *, streaming: bool
) -> None:
    """A soft failure: another try may do better."""
    alpha.inject(Fault(effect=InvalidToolJson()))

    found = await failure(gateway, call(streaming=streaming, **WEATHER))

    assert found.failure_class is FailureClass.BAD_ANSWER


@pytest.mark.parametrize("streaming", BOTH, ids=["unary", "stream"])
async def test_odd_answers_are_answers(
    alpha: SimulatedProvider, gateway: ProviderGateway, *, streaming: bool
) -> None:
    """A refusal, a filter in the middle, another model's name: the caller hears of them."""
    for effect, reason in (
        (ContentFilter(after_tokens=5), FinishReason.CONTENT_FILTER),
        (WrongModel(reported_model="other"), FinishReason.STOP),
        (SplitBytes(pause=0.0), FinishReason.STOP),
        (SlowStart(duration=0.05, keep_alive_interval=0.01), FinishReason.STOP),
    ):
        fault = alpha.inject(Fault(effect=effect))

        found = await answer(gateway, call(streaming=streaming))

        assert found.finish.reason is reason, effect
        if isinstance(effect, WrongModel):
            assert found.finish.model_version == "other"
        alpha.remove_fault(fault.id)

    alpha.inject(Fault(effect=Refusal(text="No.")))
    refused = await answer(gateway, call(streaming=streaming))
    assert refused.finish.reason in {FinishReason.REFUSAL, FinishReason.STOP}
    assert "No." in repr([getattr(part, "text", "") for part in refused.parts])


async def test_provider_sees_a_client_that_hangs_up(
    alpha: SimulatedProvider, gateway: ProviderGateway
) -> None:
    """What is generated for nobody is billed all the same: the hang-up must arrive."""
    alpha.behave(
        Behaviour(
            time_to_first_token=Constant(value=0.0),
            time_between_tokens=Constant(value=30.0),
            answer=Fixed(text=SAID),
        )
    )
    attempt = gateway.open(call(streaming=True))
    seen: Sequence[object] = ()
    while not any(isinstance(event, TextDelta) for event in seen):
        seen = await attempt.receive()

    await attempt.aclose()

    async with asyncio.timeout(60.0):
        await alpha.settled()
    assert gateway.connections["alpha"].in_use == 0
