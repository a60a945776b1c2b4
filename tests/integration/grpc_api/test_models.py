"""Which models there are, over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio

from llmrouter.v1 import catalogue_service_pb2 as catalogue
from llmrouter.v1 import catalogue_service_pb2_grpc, explanation_pb2, report_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.grpc_api.access.api_keys import ApiKeys
from routersvc.grpc_api.outbound.enums import CAPABILITIES
from routersvc.testing.scripted import answer

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, Hear, OpenEdge

ALL = [
    CAPABILITIES[capability] for capability in Capability if capability is not Capability.REASONING
]
"""What scripted deployments can do."""


def stub_of(edge: Edge) -> catalogue_service_pb2_grpc.CatalogueServiceAsyncStub:
    """Return a client of the catalogue."""
    return catalogue_service_pb2_grpc.CatalogueServiceStub(edge.channel)


async def test_model_is_told_with_its_deployments(open_edge: OpenEdge) -> None:
    """Everything that the configuration says of it."""
    edge = await open_edge({"a": [answer("never")]})

    response = await stub_of(edge).ListModels(catalogue.ListModelsRequest())

    assert response == catalogue.ListModelsResponse(
        models=[
            catalogue.Model(
                name="model",
                context_window=128_000,
                capabilities=sorted(ALL),
                prices=catalogue.Prices(input=1.0, output=2.0),
                deployments=[
                    catalogue.ModelDeployment(
                        deployment=report_pb2.DeploymentName(
                            deployment="a", provider="a", model="model"
                        ),
                        enabled=True,
                        capabilities=sorted(ALL),
                    )
                ],
                policies=["drill"],
            )
        ],
        configuration_digest="drill",
    )
    assert edge.scripted.calls == []


async def test_filters_take_away(open_edge: OpenEdge) -> None:
    """By provider and by what is needed."""
    edge = await open_edge({"a": [answer("never")], "b": [answer("never")]})

    response = await stub_of(edge).ListModels(
        catalogue.ListModelsRequest(
            providers=["b"], capabilities=[explanation_pb2.CAPABILITY_TOOLS]
        )
    )

    (model,) = response.models
    assert [each.deployment.deployment for each in model.deployments] == ["b"]


@pytest.mark.parametrize(
    ("request_", "bad_fields"),
    [
        (
            catalogue.ListModelsRequest(models=["nothing"]),
            {"models": "must be one of: model"},
        ),
        (
            catalogue.ListModelsRequest(providers=[""]),
            {"providers[0]": "must not be empty"},
        ),
    ],
)
async def test_what_does_not_exist_is_reported(
    open_edge: OpenEdge,
    hear: Hear,
    request_: catalogue.ListModelsRequest,
    bad_fields: dict[str, str],
) -> None:
    """A typo does not pass for an empty catalogue."""
    edge = await open_edge({"a": [answer("never")]})

    with pytest.raises(aio.AioRpcError) as caught:
        await stub_of(edge).ListModels(request_)

    heard = hear(caught.value)
    assert heard.status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert heard.bad_fields == bad_fields


async def test_tenant_sees_its_own(open_edge: OpenEdge, hear: Hear) -> None:
    """And nobody sees anything without a key."""
    edge = await open_edge(
        {"a": [answer("never")], "b": [answer("never")]},
        tenants=[Tenant(name="t", constraints=Constraints(denied_providers=frozenset({"a"})))],
        authenticator=ApiKeys([("t", "key")]),
    )

    response = await stub_of(edge).ListModels(
        catalogue.ListModelsRequest(), metadata=(("x-api-key", "key"),)
    )
    with pytest.raises(aio.AioRpcError) as caught:
        await stub_of(edge).ListModels(catalogue.ListModelsRequest())

    assert [each.deployment.deployment for each in response.models[0].deployments] == ["b"]
    assert hear(caught.value).info.reason == "UNAUTHENTICATED"
