"""What callers see of a model: its efforts and everything that it costs."""

from __future__ import annotations

import dataclasses

from llmrouter.v1 import catalogue_service_pb2 as catalogue_pb2
from llmrouter.v1 import prompt_pb2
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.prices import Prices, PriceStep, TierPrices
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.planning.model_listing import ListedModel
from routersvc.grpc_api.outbound.models import model_of
from routersvc.testing.worlds import scripted_deployment

LOW_AND_XHIGH = frozenset({ReasoningEffort.XHIGH, ReasoningEffort.LOW})
STEP = PriceStep(above=200_000, input=4.0, output=15.0, cached_input=0.4)
PRICES = Prices(
    input=2.0,
    output=10.0,
    cache_write=2.5,
    cache_write_hour=4.0,
    steps=(STEP,),
    tiers={
        ServiceTier.PRIORITY: TierPrices(input=4.0, output=20.0),
        ServiceTier.FLEX: TierPrices(input=1.0, output=5.0, steps=(STEP,)),
    },
)


def written(efforts: frozenset[ReasoningEffort] | None) -> catalogue_pb2.Model:
    """Return a model with these efforts, at a provider that can express `low` and `none`."""
    deployment = scripted_deployment("a")
    model = dataclasses.replace(
        deployment.model, efforts=efforts, prices=PRICES, capabilities=frozenset(Capability)
    )
    deployment = dataclasses.replace(
        deployment,
        model=model,
        expressible_efforts=frozenset({ReasoningEffort.LOW, ReasoningEffort.NONE}),
    )
    return model_of(
        ListedModel(model=model, aliases=(), deployments=(deployment,), policies=("default",))
    )


def test_prices_are_shown_with_steps_and_tiers() -> None:
    """Tiers stand in the order of the contract, whatever the settings say."""
    step = catalogue_pb2.PriceStep(above=200_000, input=4.0, output=15.0, cached_input=0.4)

    assert written(None).prices == catalogue_pb2.Prices(
        input=2.0,
        output=10.0,
        cache_write=2.5,
        cache_write_hour=4.0,
        steps=[step],
        tiers=[
            catalogue_pb2.TierPrices(
                tier=prompt_pb2.SERVICE_TIER_FLEX, input=1.0, output=5.0, steps=[step]
            ),
            catalogue_pb2.TierPrices(tier=prompt_pb2.SERVICE_TIER_PRIORITY, input=4.0, output=20.0),
        ],
    )


def test_efforts_are_shown_from_least_to_most() -> None:
    """Those of the model, and for each deployment those that its format can ask for."""
    model = written(LOW_AND_XHIGH)

    assert list(model.reasoning_efforts) == [
        prompt_pb2.REASONING_EFFORT_LOW,
        prompt_pb2.REASONING_EFFORT_XHIGH,
    ]
    assert list(model.deployments[0].reasoning_efforts) == [prompt_pb2.REASONING_EFFORT_LOW]


def test_unknown_efforts_are_those_of_the_format() -> None:
    """The model says nothing, the deployment what can be asked for."""
    model = written(None)

    assert list(model.reasoning_efforts) == []
    assert list(model.deployments[0].reasoning_efforts) == [
        prompt_pb2.REASONING_EFFORT_NONE,
        prompt_pb2.REASONING_EFFORT_LOW,
    ]
