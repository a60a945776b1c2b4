"""Whose a call is, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha import reflection_pb2

from llmrouter.v1 import prompt_pb2, routing_pb2
from llmrouter.v1 import router_service_pb2 as service
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.measures.cost_budgets import CostBudgetRule
from routersvc.grpc_api.access.api_keys import ApiKeys
from routersvc.grpc_api.server_options import EdgeName
from routersvc.testing.scripted import answer

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, Hear, OpenEdge

HELLO = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)
KEYS = [("one", "key-of-one"), ("one", "next-key-of-one"), ("two", "key-of-two")]
ONE, TWO = Tenant(name="one"), Tenant(name="two")
METHODS = ("Complete", "StreamComplete", "ExplainRoute", "ProviderHealth")

Metadata = Sequence[tuple[str, str]]


async def open_guarded(open_edge: OpenEdge, *tenants: Tenant, anonymous: str | None = None) -> Edge:
    """Start a server that knows two tenants by their keys."""
    return await open_edge(
        {"a": [answer("yes")]},
        tenants=tenants or (ONE, TWO),
        authenticator=ApiKeys(KEYS, anonymous=anonymous),
    )


def skip_malformed(edge_name: EdgeName, metadata: Metadata) -> None:
    """Skip a case in which libnghttp2 resets the stream, because RFC 9113 calls it malformed."""
    if edge_name == "nghttp2" and any(value != value.strip() for _, value in metadata):
        pytest.skip(
            "a header value that begins or ends with a space is malformed (RFC 9113, 8.2.1)"
        )


async def refused(edge: Edge, metadata: Metadata, **routing: str) -> aio.AioRpcError:
    """Return how a call with this metadata fails."""
    with pytest.raises(aio.AioRpcError) as caught:
        await edge.stub.Complete(
            service.CompleteRequest(prompt=HELLO, routing=routing_pb2.Routing(**routing)),  # type: ignore[arg-type] # texts alone
            metadata=tuple(metadata),
        )
    return caught.value


@pytest.mark.parametrize(
    ("metadata", "tenant"),
    [
        ([("authorization", "Bearer key-of-one")], "one"),
        ([("authorization", "bearer  next-key-of-one ")], "one"),
        ([("x-api-key", "key-of-two")], "two"),
        ([("authorization", "Basic dXNlcjpwYXNz"), ("x-api-key", "key-of-two")], "two"),
        ([("authorization", "Bearer key-of-one"), ("x-api-key", "key-of-two")], "one"),
    ],
)
async def test_key_makes_a_call_its_tenants(
    open_edge: OpenEdge, edge_name: EdgeName, metadata: Metadata, tenant: str
) -> None:
    """Unary and streaming calls alike, and the report says so."""
    skip_malformed(edge_name, metadata)
    edge = await open_guarded(open_edge)

    response = await edge.stub.Complete(
        service.CompleteRequest(prompt=HELLO), metadata=tuple(metadata)
    )
    stream = edge.stub.StreamComplete(
        service.StreamCompleteRequest(prompt=HELLO), metadata=tuple(metadata)
    )
    events = [event async for event in stream]

    assert response.report.tenant == tenant
    assert events[-1].finished.report.tenant == tenant


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (
            [],
            "the call has no API key: send `authorization: Bearer KEY` or `x-api-key: KEY`",
        ),
        ([("authorization", "Bearer key-of-nobody")], "unknown API key"),
        ([("authorization", "Bearer ")], "unknown API key"),
        ([("x-api-key", "key-of-on")], "unknown API key"),
        (
            [("authorization", "Basic dXNlcjpwYXNz")],
            "the call has no API key: send `authorization: Bearer KEY` or `x-api-key: KEY`",
        ),
    ],
)
async def test_call_without_a_known_key_is_unauthenticated(
    open_edge: OpenEdge, edge_name: EdgeName, hear: Hear, metadata: Metadata, message: str
) -> None:
    """With our own reason, and without a word of what was sent."""
    skip_malformed(edge_name, metadata)
    edge = await open_guarded(open_edge)

    heard = hear(await refused(edge, metadata))

    assert heard.status.code == grpc.StatusCode.UNAUTHENTICATED.value[0]
    assert (heard.status.message, heard.info.reason) == (message, "UNAUTHENTICATED")
    assert (heard.retry, heard.report, edge.scripted.calls) == (None, None, [])


async def test_calls_that_are_turned_away_are_reported(open_edge: OpenEdge) -> None:
    """So that somebody who tries keys shows in the metrics."""
    edge = await open_guarded(open_edge)

    await refused(edge, [("x-api-key", "wrong")])
    with pytest.raises(aio.AioRpcError):
        await anext(aiter(edge.stub.StreamComplete(service.StreamCompleteRequest(prompt=HELLO))))
    await edge.stub.Complete(
        service.CompleteRequest(prompt=HELLO), metadata=(("x-api-key", "key-of-one"),)
    )

    assert edge.turned_away == [False, True]


@pytest.mark.parametrize("method", METHODS)
async def test_no_method_is_open_nor_parses_anything(
    open_edge: OpenEdge, hear: Hear, method: str
) -> None:
    """Bytes that are no message are not looked at before it is known whose they are."""
    edge = await open_guarded(open_edge)
    path = f"/llmrouter.v1.RouterService/{method}"
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = edge.channel.unary_unary(path)

    with pytest.raises(aio.AioRpcError) as caught:
        await call(b"\xff\xff")

    assert hear(caught.value).info.reason == "UNAUTHENTICATED"


async def test_health_and_reflection_are_open(open_edge: OpenEdge) -> None:
    """Balancers and probes carry no keys."""
    edge = await open_guarded(open_edge)
    check: aio.UnaryUnaryMultiCallable[HealthCheckRequest, HealthCheckResponse] = (
        edge.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
    )
    describe: aio.StreamStreamMultiCallable[
        reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
    ] = edge.channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )

    health = await check(HealthCheckRequest())
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    (described,) = [response async for response in describe(asked)]

    assert health.status == HealthCheckResponse.SERVING
    assert "llmrouter.v1.RouterService" in {
        it.name for it in described.list_services_response.service
    }


async def test_calls_without_a_key_can_have_a_tenant(open_edge: OpenEdge, hear: Hear) -> None:
    """A wrong key is still a wrong key."""
    edge = await open_guarded(open_edge, anonymous="two")

    response = await edge.stub.Complete(service.CompleteRequest(prompt=HELLO))
    heard = hear(await refused(edge, [("x-api-key", "wrong")]))

    assert response.report.tenant == "two"
    assert heard.info.reason == "UNAUTHENTICATED"


async def test_calls_side_by_side_keep_their_tenants(open_edge: OpenEdge) -> None:
    """Whose a call is belongs to the call, not to the server."""
    edge = await open_guarded(open_edge)
    keys = [KEYS[at % 3] for at in range(30)]

    responses = await asyncio.gather(
        *(
            edge.stub.Complete(
                service.CompleteRequest(prompt=HELLO), metadata=(("x-api-key", key),)
            )
            for _, key in keys
        )
    )

    assert [it.report.tenant for it in responses] == [tenant for tenant, _ in keys]


async def test_policy_of_others_is_not_permitted(open_edge: OpenEdge, hear: Hear) -> None:
    """A tenant hears of its own policies alone, whether the one it names exists or not."""
    tenant = Tenant(name="one", default_policy="drill", allowed_policies=frozenset({"drill"}))
    edge = await open_guarded(open_edge, tenant, TWO)

    heard = hear(await refused(edge, [("x-api-key", "key-of-one")], policy="secret"))

    assert heard.status.code == grpc.StatusCode.PERMISSION_DENIED.value[0]
    assert (heard.info.reason, heard.bad_fields) == (
        "PERMISSION_DENIED",
        {"routing.policy": "must be one of: drill"},
    )


async def test_constraints_of_the_tenant_hold_and_are_explained_as_its_own(
    open_edge: OpenEdge, hear: Hear
) -> None:
    """The other tenant is not limited by them."""
    tenant = Tenant(name="one", constraints=Constraints(no_training=True))
    edge = await open_guarded(open_edge, tenant, TWO)
    metadata = (("x-api-key", "key-of-one"),)

    heard = hear(await refused(edge, metadata))
    explained = await edge.stub.ExplainRoute(
        service.ExplainRouteRequest(prompt=HELLO), metadata=metadata
    )
    other = await edge.stub.ExplainRoute(
        service.ExplainRouteRequest(prompt=HELLO), metadata=(("x-api-key", "key-of-two"),)
    )

    assert dict(heard.info.metadata) == {"exclusions": "a=TRAINING"}
    (constraint,) = explained.explanation.constraints
    assert (constraint.name, constraint.value, constraint.source) == (
        "no_training",
        "required",
        "tenant",
    )
    assert list(other.explanation.constraints) == []
    assert other.explanation.candidates[0].eligible


async def test_decision_is_explained_to_its_tenant_alone(open_edge: OpenEdge, hear: Hear) -> None:
    """Promise 12: the other one hears the same as of a decision that never was."""
    edge = await open_guarded(open_edge, Tenant(name="one"), TWO)
    ours, theirs = (("x-api-key", "key-of-one"),), (("x-api-key", "key-of-two"),)
    answered = await edge.stub.Complete(service.CompleteRequest(prompt=HELLO), metadata=ours)
    asked = service.ExplainRouteRequest(decision_id=answered.report.decision_id)

    explained = await edge.stub.ExplainRoute(asked, metadata=ours)
    heard: list[tuple[object, ...]] = []
    for request in (asked, service.ExplainRouteRequest(decision_id="never")):
        with pytest.raises(aio.AioRpcError) as caught:
            await edge.stub.ExplainRoute(request, metadata=theirs)
        heard.append((caught.value.code(), hear(caught.value).info.reason, caught.value.details()))

    assert explained.explanation.report == answered.report
    assert [one.deployment.deployment for one in explained.explanation.plan.steps] == ["a"]
    assert heard[0] == heard[1]
    assert heard[0][:2] == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_DECISION")


async def test_spent_budget_is_told_with_a_time_to_come_back(
    open_edge: OpenEdge, hear: Hear
) -> None:
    """It is the tenant's own: the other one goes on."""
    # A call sets 0.004108 aside, for an attempt and a retry, and spends 0.000012.
    tenant = Tenant(name="one", budget=CostBudgetRule(usd=0.00415, window=3600.0))
    edge = await open_guarded(open_edge, tenant, TWO)
    metadata = (("x-api-key", "key-of-one"),)
    call = service.CompleteRequest(prompt=HELLO)

    refusals: list[aio.AioRpcError] = []
    served = 0
    while served < 100 and not refusals:
        try:
            await edge.stub.Complete(call, metadata=metadata)
            served += 1
        except aio.AioRpcError as error:
            refusals.append(error)
    other = await edge.stub.Complete(call, metadata=(("x-api-key", "key-of-two"),))

    assert 0 < served < 100
    heard = hear(refusals[0])
    assert heard.status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert heard.info.reason == "TENANT_BUDGET_EXHAUSTED"
    assert dict(heard.info.metadata) == {"exclusions": "a=TENANT_BUDGET"}
    assert heard.retry is not None
    assert 3540 <= heard.retry.retry_delay.seconds <= 3660
    assert other.report.tenant == "two"
    assert edge.router.reservations == 0
