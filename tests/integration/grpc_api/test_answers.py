"""The four calls over a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from grpc import aio

from llmrouter.v1 import health_pb2, prompt_pb2, report_pb2, router_service_pb2_grpc, stream_pb2
from llmrouter.v1 import router_service_pb2 as service
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.errors import DrainingError, RefusedError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.engine.calls import Call
from routersvc.engine.router import Router
from routersvc.testing.scripted import Fail, answer

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import OpenEdge

HELLO = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)
RETRYING = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "30s",
                    "maxBackoff": "30s",
                    "backoffMultiplier": 1,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)
"""A client's own retries; only our pushback makes them come at once."""

OUTAGE = Fail(Failure(failure_class=FailureClass.CONNECT, message="nobody is there"))


async def test_complete_answers_after_a_failover(open_edge: OpenEdge) -> None:
    """The caller sees the answer, and in the report what it took."""
    edge = await open_edge({"a": [[OUTAGE]], "b": [answer("It is ", "noon")]})

    response = await edge.stub.Complete(service.CompleteRequest(prompt=HELLO))

    assert response.message == prompt_pb2.Message(
        role=prompt_pb2.ROLE_ASSISTANT, parts=[prompt_pb2.Part(text="It is noon")]
    )
    assert response.finish_reason == stream_pb2.FINISH_REASON_STOP
    assert response.usage == report_pb2.Usage(input_tokens=10, output_tokens=2)
    assert [
        (attempt.deployment.deployment, attempt.outcome) for attempt in response.report.attempts
    ] == [
        ("a", report_pb2.ATTEMPT_OUTCOME_FAILED),
        ("b", report_pb2.ATTEMPT_OUTCOME_SERVED),
    ]
    assert edge.leftovers == (0, 0, 0)


async def test_stream_begins_with_its_route_and_ends_with_its_report(open_edge: OpenEdge) -> None:
    """A stream that ends with `OK` ends with `finished`."""
    edge = await open_edge({"a": [answer("It is ", "noon")]})

    messages = [
        message
        async for message in edge.stub.StreamComplete(service.StreamCompleteRequest(prompt=HELLO))
    ]

    kinds = [message.WhichOneof("event") for message in messages]
    text = "".join(message.content_delta.text for message in messages)
    assert (kinds[0], kinds[-2:]) == ("route_selected", ["usage", "finished"])
    assert set(kinds[1:-2]) == {"content_delta"}
    assert text == "It is noon"
    assert messages[0].route_selected.report.served_by.deployment.deployment == "a"
    assert not messages[0].route_selected.report.HasField("duration")
    assert messages[-1].finished.report.HasField("duration")


async def test_tokens_that_arrive_together_leave_together(open_edge: OpenEdge) -> None:
    """One message for each arrival, whatever it holds."""
    edge = await open_edge()
    stream = aiter(edge.stub.StreamComplete(service.StreamCompleteRequest(prompt=HELLO)))
    upstream = await edge.fed.opened()

    upstream.feed(Started(), TextDelta(text="It "))
    first = [await anext(stream), await anext(stream)]
    upstream.feed(TextDelta(text="is "), TextDelta(text="noon"))
    second = await anext(stream)
    upstream.feed(Finished(reason=FinishReason.STOP))
    rest = [message async for message in stream]

    assert [message.WhichOneof("event") for message in first] == [
        "route_selected",
        "content_delta",
    ]
    assert first[1].content_delta.text == "It "
    assert second.content_delta.text == "is noon"
    assert [message.WhichOneof("event") for message in rest] == ["finished"]


async def test_explanation_calls_no_provider(open_edge: OpenEdge) -> None:
    """The route, without taking it."""
    edge = await open_edge({"a": [answer("never")], "b": [answer("never")]})

    response = await edge.stub.ExplainRoute(service.ExplainRouteRequest(prompt=HELLO))

    explanation = response.explanation
    assert [candidate.rank for candidate in explanation.candidates] == [1, 2]
    assert [step.deployment.deployment for step in explanation.plan.steps] == ["a", "b"]
    assert edge.scripted.calls == []


async def test_health_tells_of_every_deployment(open_edge: OpenEdge) -> None:
    """By name, with what has happened since the start."""
    edge = await open_edge({"b": [answer("noon")], "a": [answer("never")]})
    await edge.stub.Complete(service.CompleteRequest(prompt=HELLO))

    response = await edge.stub.ProviderHealth(service.ProviderHealthRequest())
    unknown = await edge.stub.ProviderHealth(
        service.ProviderHealthRequest(states=[health_pb2.HEALTH_STATE_UNKNOWN])
    )

    assert [(it.deployment.deployment, it.served_total) for it in response.deployments] == [
        ("a", 0),
        ("b", 1),
    ]
    assert [it.deployment.deployment for it in unknown.deployments] == ["a"]


async def test_router_learns_what_a_call_is(
    open_edge: OpenEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id and its time."""
    edge = await open_edge({"a": [answer("noon")]})
    asked = overhear(monkeypatch)

    await edge.stub.Complete(service.CompleteRequest(prompt=HELLO), timeout=50.0)
    await edge.stub.Complete(service.CompleteRequest(prompt=HELLO, request_id="own-id"))

    first, second = asked
    assert (first.request_id, first.previous_attempts) == ("made-id", 0)
    # The client's library rounds the timeout up when it sends it, and part of it may have passed.
    assert 20.0 < first.timeout < 50.0
    assert (second.request_id, second.timeout) == ("own-id", 60.0)


async def test_router_learns_that_its_client_tries_again(
    open_edge: OpenEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that retries gets no hedges on top."""
    edge = await open_edge({"a": [answer("noon")]})
    asked = overhear(monkeypatch, DrainingError(), DrainingError())
    async with aio.insecure_channel(
        edge.address, options=[("grpc.service_config", RETRYING)]
    ) as channel:
        stub = router_service_pb2_grpc.RouterServiceStub(channel)

        await stub.Complete(service.CompleteRequest(prompt=HELLO))

    assert [request.previous_attempts for request in asked] == [0, 1, 2]


def overhear(monkeypatch: pytest.MonkeyPatch, *refusals: RefusedError) -> list[Request]:
    """Return the list of what routers will be asked; the first of it is refused like this."""
    asked: list[Request] = []
    ahead = list(refusals)
    real = Router.opened

    async def opened(router: Router, request: Request) -> Call:
        asked.append(request)
        if ahead:
            raise ahead.pop(0)
        return await real(router, request)

    monkeypatch.setattr(Router, "opened", opened)
    return asked
