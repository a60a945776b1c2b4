"""Converts models of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from llmrouter.v1 import catalogue_service_pb2 as catalogue_pb2
from llmrouter.v1 import explanation_pb2, prompt_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.prices import Prices, PriceStep, TierPrices
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
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
        reasoning_efforts=_efforts(model.efforts or ()),
    )


def _prices(prices: Prices) -> catalogue_pb2.Prices:
    return catalogue_pb2.Prices(
        input=prices.input,
        output=prices.output,
        cached_input=prices.cached_input,
        cache_write=prices.cache_write,
        cache_write_hour=prices.cache_write_hour,
        steps=[_step(step) for step in prices.steps],
        tiers=[
            _tier(enums_out.SERVICE_TIERS[tier], prices.tiers[tier])
            for tier in ServiceTier
            if tier in prices.tiers
        ],
    )


def _step(step: PriceStep) -> catalogue_pb2.PriceStep:
    return catalogue_pb2.PriceStep(
        above=step.above,
        input=step.input,
        output=step.output,
        cached_input=step.cached_input,
        cache_write=step.cache_write,
        cache_write_hour=step.cache_write_hour,
    )


def _tier(tier: prompt_pb2.ServiceTier.ValueType, prices: TierPrices) -> catalogue_pb2.TierPrices:
    return catalogue_pb2.TierPrices(
        tier=tier,
        input=prices.input,
        output=prices.output,
        cached_input=prices.cached_input,
        cache_write=prices.cache_write,
        cache_write_hour=prices.cache_write_hour,
        steps=[_step(step) for step in prices.steps],
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
        reasoning_efforts=_efforts(
            deployment.efforts if Capability.REASONING in deployment.capabilities else ()
        ),
    )


def _efforts(efforts: Collection[ReasoningEffort]) -> list[prompt_pb2.ReasoningEffort.ValueType]:
    """Return efforts from the least to the most: sets have no order."""
    return [enums_out.REASONING_EFFORTS[effort] for effort in ReasoningEffort if effort in efforts]


def _capabilities(
    capabilities: Iterable[Capability],
) -> list[explanation_pb2.Capability.ValueType]:
    """Return capabilities sorted by number: sets have no order."""
    return sorted(enums_out.CAPABILITIES[capability] for capability in capabilities)
