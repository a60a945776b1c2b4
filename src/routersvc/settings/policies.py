"""The `policies` and `policy_defaults` sections: which deployments a request may use, and how.

A policy takes each key that it leaves out from `policy_defaults`, key by key also inside of
`timeouts`, `hedging` and `retries`; what stands nowhere is the default that is named here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from routersvc.domain.policies import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.settings.fields import Duration, FilledNames, Section


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
        default=HedgingMode.OFF,
        description="`off`: never. `parallel`: two at once. `delayed`: when the first is later "
        "than the percentile. `auto`: as `delayed`, where urgency justifies the cost.",
    )
    percentile: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.95,
        description="Of the live time to first content; at 0.95 one request in twenty is late.",
    )
    min_samples: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="Samples before the percentile counts; until then `max_delay` does.",
    )
    min_delay: Duration = Field(default=0.2, description="A hedge never starts sooner.")
    max_delay: Duration = Field(default=20.0, description="A late attempt never waits longer.")
    delay: Duration | None = Field(
        default=None, description="A fixed delay. Left out: the live percentile."
    )
    max_parallel: int = Field(
        default=2, ge=1, le=8, description="Attempts that run at once, the first included."
    )


class RetriesSection(Section):
    """When the deployment that failed is tried again, with full jitter between attempts."""

    max_retries: int = Field(
        default=1, ge=0, le=10, description="Of the same deployment, for one request."
    )
    base_delay: Duration = Field(
        default=0.1, description="The wait before the first retry at most; doubles with each."
    )
    max_delay: Duration = Field(default=5.0, description="The wait before any retry at most.")
    only_without_alternative: bool = Field(
        default=True, description="Another deployment always comes first."
    )


class PolicyDefaultsSection(Section):
    """The rules of every policy that does not say otherwise."""

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
    consistency: ConsistencyMode = Field(
        default=ConsistencyMode.ANY,
        description="How far an answer may move from the first choice. `any`: any deployment of "
        "the policy. `equivalent`: the same model, or one of its `equivalent_to`. `pinned`: the "
        "one that the request names.",
    )
    failover_on_refusal: bool = Field(
        default=False,
        description="Ask another deployment when a content filter or the model refuses.",
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
