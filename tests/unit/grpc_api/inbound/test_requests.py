"""A request is checked whole, and what is unset stays unset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmrouter.v1 import health_pb2 as h
from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import routing_pb2 as r
from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.conversation.steps import finished
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.outcomes.errors import InvalidRequestError
from routersvc.grpc_api.inbound.known_routings import KnownRoutings
from routersvc.grpc_api.inbound.requests import (
    Arrival,
    complete_request_of,
    decision_id_of,
    health_filter_of,
    reading_explanation,
)
from routersvc.grpc_api.inbound.wire_requests import RequestReader

ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def say(prompt: p.Prompt, role: p.Role.ValueType, *parts: p.Part) -> None:
    """Add a message."""
    prompt.messages.add(role=role, parts=parts)


def test_request_without_prompt_is_refused(violations_of: ViolationsOf) -> None:
    """The one field that must be there."""
    assert violations_of(service.CompleteRequest()) == [("prompt", "must be set")]


def test_prompt_without_messages_is_refused(violations_of: ViolationsOf) -> None:
    """There is nothing to answer."""
    request = service.CompleteRequest(prompt=p.Prompt())

    assert violations_of(request) == [("prompt.messages", "must hold at least one message")]


def test_prompt_that_nobody_asks_is_refused(violations_of: ViolationsOf) -> None:
    """Instructions alone are no question."""
    request = service.CompleteRequest()
    say(request.prompt, p.ROLE_SYSTEM, p.Part(text="Be kind."))

    assert violations_of(request) == [
        ("prompt.messages", "must hold a message from the user or a tool")
    ]


def test_long_request_id_is_refused(
    hello: service.CompleteRequest, violations_of: ViolationsOf
) -> None:
    """It goes into every line of the log."""
    hello.request_id = "a" * 129

    assert violations_of(hello) == [("request_id", "must have at most 128 bytes")]


def test_everything_wrong_is_told_at_once(
    hello: service.CompleteRequest, violations_of: ViolationsOf
) -> None:
    """A caller mends its request once, not once for each field."""
    hello.request_id = "a" * 129
    say(hello.prompt, p.ROLE_USER, p.Part(text=""))
    hello.prompt.sampling.temperature = -1.0
    hello.routing.max_attempts = 0

    fields = [field for field, _ in violations_of(hello)]

    assert fields == [
        "request_id",
        "prompt.messages[1].parts[0].text",
        "prompt.sampling.temperature",
        "routing.max_attempts",
    ]


def test_smallest_request_leaves_everything_to_the_policy(
    hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """Unset is unset: no default of the edge slips in."""
    request = complete_request_of(hello, arrival, streaming=False)

    assert request == Request(
        request_id="made",
        prompt=Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="Hello"),)),)),
        routing=Routing(),
        streaming=False,
        timeout=9.0,
        previous_attempts=2,
    )


def test_off_is_said_to_the_policy(hello: service.CompleteRequest, arrival: Arrival) -> None:
    """A request may switch off what its policy would do."""
    hello.routing.hedging.mode = r.HEDGING_MODE_OFF
    hello.routing.stream_recovery_mode = r.STREAM_RECOVERY_MODE_FAIL

    routing = complete_request_of(hello, arrival, streaming=False).routing

    assert routing.hedging_mode is HedgingMode.OFF
    assert routing.stream_recovery is StreamRecoveryMode.FAIL


def test_assistant_may_have_said_nothing(hello: service.CompleteRequest, arrival: Arrival) -> None:
    """Models do answer with nothing."""
    hello.prompt.messages.add(role=p.ROLE_ASSISTANT)

    prompt = complete_request_of(hello, arrival, streaming=False).prompt

    assert prompt.messages[1] == Message(role=Role.ASSISTANT, parts=())


@pytest.mark.parametrize("url", ["HTTPS://pictures.test/1.png", "data:image/png;base64,AAAA"])
def test_addresses_that_a_provider_can_read_are_taken(
    url: str, hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """The scheme is the same in any case of its letters."""
    say(hello.prompt, p.ROLE_USER, p.Part(image=p.Image(url=url)))

    complete_request_of(hello, arrival, streaming=False)


def test_explanation_needs_a_prompt_or_a_decision(arrival: Arrival) -> None:
    """There must be something to explain."""
    reading = reading_explanation(
        RequestReader(service.ExplainRouteRequest),
        b"",
        lambda: arrival,
        DEFAULT_LIMITS,
        KnownRoutings(),
    )

    with pytest.raises(InvalidRequestError) as caught:
        finished(reading)

    assert [violation.field for violation in caught.value.violations] == ["prompt"]


def test_explanation_takes_a_decision_or_a_prompt(hello: service.CompleteRequest) -> None:
    """Both together would leave open which was explained."""
    request = service.ExplainRouteRequest(
        decision_id="d-1", prompt=hello.prompt, routing=r.Routing(), streaming=True
    )

    with pytest.raises(InvalidRequestError) as caught:
        decision_id_of(request)

    assert [violation.field for violation in caught.value.violations] == [
        "prompt",
        "routing",
        "streaming",
    ]


def test_decision_id_is_bounded() -> None:
    """Whatever is longer was never given out."""
    with pytest.raises(InvalidRequestError) as caught:
        decision_id_of(service.ExplainRouteRequest(decision_id="d" * 129))

    assert [violation.field for violation in caught.value.violations] == ["decision_id"]
    assert decision_id_of(service.ExplainRouteRequest(decision_id="d" * 128)) == "d" * 128
    assert decision_id_of(service.ExplainRouteRequest()) is None


def test_health_filter_is_converted() -> None:
    """Filters are sets: their order says nothing."""
    request = service.ProviderHealthRequest(
        providers=["a"],
        models=["m"],
        deployments=["d", "d"],
        states=[h.HEALTH_STATE_HEALTHY, h.HEALTH_STATE_DEGRADED],
    )

    wanted = health_filter_of(request)

    assert wanted.providers == {"a"}
    assert wanted.models == {"m"}
    assert wanted.deployments == {"d"}
    assert wanted.states == {HealthState.HEALTHY, HealthState.DEGRADED}


def test_unspecified_state_means_any() -> None:
    """It widens the filter that it stands in."""
    wanted = health_filter_of(
        service.ProviderHealthRequest(states=[h.HEALTH_STATE_HEALTHY, h.HEALTH_STATE_UNSPECIFIED])
    )

    assert wanted.states == frozenset()


def test_unknown_state_is_refused() -> None:
    """A filter that is not understood would show the wrong deployments."""
    request = service.ProviderHealthRequest()
    request.states.append(UNKNOWN)

    with pytest.raises(InvalidRequestError) as caught:
        health_filter_of(request)

    assert [violation.field for violation in caught.value.violations] == ["states[0]"]
