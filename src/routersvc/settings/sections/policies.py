"""The `policies` and `policy_defaults` sections: which deployments a request may use, and how.

A policy takes each key that it leaves out from `policy_defaults`, key by key also inside of
`timeouts`, `hedging` and `retries`; what stands nowhere is the default that is named here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
    OrderMode,
    StreamRecoveryMode,
)
from routersvc.domain.catalogue.policies import (
    HedgingRule,
    RetryRule,
)
from routersvc.settings.sections.constraints import ConstraintsSection
from routersvc.settings.sections.route_rules import RouteRuleSection
from routersvc.settings.sections.weights import WeightsSection
from routersvc.settings.types.fields import Duration, FilledNames, Section, refused

_HEDGING = HedgingRule(mode=HedgingMode.OFF)
_RETRIES = RetryRule()


def _of_policies(mode: ConsistencyMode) -> ConsistencyMode:
    if mode is ConsistencyMode.PINNED:
        raise refused("is for requests, which name their deployment")
    return mode


PolicyConsistency = Annotated[
    ConsistencyMode,
    AfterValidator(_of_policies),
    WithJsonSchema({"type": "string", "enum": ["any", "equivalent"]}),
]
"""A consistency mode that needs no deployment to be named."""


class TimeoutsSection(Section):
    """How long the parts of an attempt may take. What is left of the deadline bounds each."""

    connect: Duration = Field(default=2.0, description="Until the connection stands.")
    first_content: Duration = Field(
        default=30.0,
        description="Until the first content of a streamed answer; keep-alives are none. "
        "Longer than a hedge ever waits, and three attempts fit into the default deadline.",
    )
    idle: Duration = Field(default=20.0, description="Between two contents of a streamed answer.")
    attempt: Duration = Field(
        default=120.0,
        description="The whole attempt, streamed or not: as long as the default deadline, because "
        "a stream that flows is not to be cut. Where answers are not streamed, a shorter "
        "one leaves time for another attempt after one that hangs.",
    )
    useful: Duration = Field(
        default=0.2,
        description="No attempt begins when less than this is left: no model answers sooner.",
    )


class HedgingSection(Section):
    """When another attempt starts beside one that is late."""

    mode: HedgingMode = Field(
        default=_HEDGING.mode,
        description="`off`: never. `parallel`: two at once. `delayed`: when the first is later "
        "than the percentile. `auto`: as `delayed`, where urgency justifies the cost.",
    )
    percentile: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=_HEDGING.percentile,
        description="Of the live time to first content; at 0.95 one request in twenty is late.",
    )
    min_samples: int = Field(
        default=_HEDGING.min_samples,
        ge=1,
        le=1_000_000,
        description="Samples before the percentile counts; until then `max_delay` does.",
    )
    min_delay: Duration = Field(
        default=_HEDGING.min_delay, description="A hedge never starts sooner."
    )
    max_delay: Duration = Field(
        default=_HEDGING.max_delay, description="A late attempt never waits longer."
    )
    delay: Duration | None = Field(
        default=_HEDGING.delay, description="A fixed delay. Left out: the live percentile."
    )
    max_parallel: int = Field(
        default=_HEDGING.max_parallel,
        ge=1,
        le=8,
        description="Attempts that run at once, the first included.",
    )


class RetriesSection(Section):
    """When the deployment that failed is tried again, with full jitter between attempts."""

    max_retries: int = Field(
        default=_RETRIES.max_retries,
        ge=0,
        le=10,
        description="Of the same deployment, for one request.",
    )
    base_delay: Duration = Field(
        default=_RETRIES.base_delay,
        description="The wait before the first retry at most; doubles with each.",
    )
    max_delay: Duration = Field(
        default=_RETRIES.max_delay, description="The wait before any retry at most."
    )
    only_without_alternative: bool = Field(
        default=_RETRIES.only_without_alternative,
        description="Another deployment always comes first.",
    )


class PolicyDefaultsSection(Section):
    """The rules of every policy that does not say otherwise."""

    order: OrderMode = Field(
        default=OrderMode.BALANCED,
        description="`fixed`: as listed. `balanced`: deployments of one model share the place of "
        "the first of them, each call going to the better of two drawn at random by their load. "
        "`ranked`: models by expected quality, cost, latency and health, their deployments again "
        "by load.",
    )
    weights: WeightsSection = Field(
        default=WeightsSection(),
        description="How much quality, cost and latency count against each other where models are "
        "ranked.",
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=20,
        description="Attempts for one request, the first, failovers and hedges included.",
    )
    timeouts: TimeoutsSection = Field(
        default=TimeoutsSection(), description="How long the parts of an attempt may take."
    )
    hedging: HedgingSection = Field(
        default=HedgingSection(), description="When a late attempt gets company."
    )
    retries: RetriesSection = Field(
        default=RetriesSection(), description="When the deployment that failed is tried again."
    )
    stream_recovery: StreamRecoveryMode = Field(
        default=StreamRecoveryMode.FAIL,
        description="When a stream breaks after its first content. `fail`: a typed error. "
        "`restart`: another deployment begins anew. `resume`: another one continues.",
    )
    consistency: PolicyConsistency = Field(
        default=ConsistencyMode.ANY,
        description="How far an answer may move from the first choice. `any`: any deployment of "
        "the policy. `equivalent`: the same model, or one of its `equivalent_to`. A request can "
        "pin a deployment by itself.",
    )
    failover_on_refusal: bool = Field(
        default=False,
        description="Ask another deployment when a content filter or the model refuses.",
    )
    allow_degraded: bool = Field(
        default=True,
        description="Whether a model of a weaker `tier` than the first choice may stand in for it.",
    )


class PolicySection(PolicyDefaultsSection):
    """Named routing rules. Either `deployments` or `models`."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["deployments"]}, {"required": ["models"]}]}
    )

    deployments: FilledNames | None = Field(
        default=None,
        description="The deployments it may use, best first: names under `deployments`.",
    )
    models: FilledNames | None = Field(
        default=None,
        description="Instead: all deployments of these models, model by model, each in the "
        "order of this file.",
    )
    rules: tuple[RouteRuleSection, ...] = Field(
        default=(),
        description="Which requests go elsewhere, in a fixed order: the first rule that matches "
        "decides instead of `deployments` or `models`.",
    )
    constraints: ConstraintsSection = Field(
        default=ConstraintsSection(),
        description="Hard limits of every request that it decides on, beside those of the request "
        "and its tenant.",
    )
