"""Converts models of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from llmrouter.v1 import catalogue_service_pb2 as catalogue_pb2
from llmrouter.v1 import explanation_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Prices
from routersvc.domain.planning.model_listing import ListedModel
from routersvc.grpc_api.outbound import enums as enums_out
from routersvc.grpc_api.outbound.reports import deployment_name_of


def model_of(listed: ListedModel) -> catalogue_pb2.Model:
    """Return a model with its deployments."""
    model = listed.model
    return catalogue_pb2.Model(
        name=model.name,
        aliases=listed.aliases,
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
        capabilities=_capabilities(model.capabilities),
        prices=None if model.prices is None else _prices(model.prices),
        deprecated=model.deprecated,
        retirement_date="" if model.retires_on is None else model.retires_on.isoformat(),
        tier=model.tier,
        equivalent_models=sorted(model.equivalent_to),
        deployments=[_deployment(deployment) for deployment in listed.deployments],
        policies=listed.policies,
    )


def _prices(prices: Prices) -> catalogue_pb2.Prices:
    return catalogue_pb2.Prices(
        input=prices.input,
        output=prices.output,
        cached_input=prices.cached_input,
        cache_write=prices.cache_write,
    )


def _deployment(deployment: Deployment) -> catalogue_pb2.ModelDeployment:
    compliance = deployment.compliance
    return catalogue_pb2.ModelDeployment(
        deployment=deployment_name_of(deployment),
        enabled=deployment.enabled,
        capabilities=_capabilities(deployment.capabilities),
        zero_data_retention=compliance.zero_data_retention,
        no_training=compliance.no_training,
        data_classes=sorted(compliance.data_classes),
    )


def _capabilities(
    capabilities: Iterable[Capability],
) -> list[explanation_pb2.Capability.ValueType]:
    """Return capabilities sorted by number: sets have no order."""
    return sorted(enums_out.CAPABILITIES[capability] for capability in capabilities)
