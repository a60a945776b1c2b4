"""What the router understood of a request, thinks of each deployment, and will do."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue import Capability, Deployment
from routersvc.domain.classifiers import Classification
from routersvc.domain.detectors import Finding
from routersvc.domain.policies import (
    ConsistencyMode,
    HedgingMode,
    HedgingRule,
    Policy,
    Priority,
    RetryRule,
    StreamRecoveryMode,
    Timeouts,
)
from routersvc.domain.prompts import Modality
from routersvc.domain.tasks import Task
from routersvc.domain.token_estimates import TokenEstimate


class ExclusionReason(enum.Enum):
    """Why a deployment is no candidate; the proto says each in a sentence."""

    CAPABILITY = "capability"
    MODALITY = "modality"
    CONTEXT_WINDOW = "context_window"
    REGION = "region"
    DATA_CLASS = "data_class"
    RETENTION = "retention"
    TRAINING = "training"
    PROVIDER_NOT_ALLOWED = "provider_not_allowed"
    PROVIDER_DENIED = "provider_denied"
    NOT_PINNED = "not_pinned"
    MODEL_NOT_REQUIRED = "model_not_required"
    COST_CEILING = "cost_ceiling"
    TENANT_BUDGET = "tenant_budget"
    CREDENTIAL_DISABLED = "credential_disabled"
    MODEL_DISABLED = "model_disabled"
    NOT_EQUIVALENT = "not_equivalent"
    NOT_IN_POLICY = "not_in_policy"
    OUTPUT_LIMIT = "output_limit"
    WIRE_FORMAT = "wire_format"
    OPERATOR_DISABLED = "operator_disabled"
    LOWER_TIER = "lower_tier"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What one finding of a profile rests on. Never quotes the prompt."""

    finding: str
    description: str
    weight: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What the router understood of a request.

    `complexity` runs from 0 (trivial) to 1 (hardest). `input_tokens` is an estimate unless
    `input_tokens_exact`; `input_bounds` say how far off it can be. `classification` and `findings`
    are what task, complexity and data classes rest on, beside what the caller said.
    """

    task: Task
    complexity: float
    input_tokens: int
    input_tokens_exact: bool
    input_bounds: TokenEstimate
    output_tokens: int
    modalities: frozenset[Modality]
    capabilities: frozenset[Capability]
    data_classes: frozenset[str]
    priority: Priority
    classification: Classification | None = None
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion:
    """Why a deployment is no candidate, and what would have to change for the reason to fall."""

    reason: ExclusionReason
    description: str
    eligible_if: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ScorePart:
    """One part of a score: `value` from 0 (worst) to 1 (best), times `weight`."""

    name: str
    value: float
    weight: float
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A deployment considered for a request, with its score or the reasons for its exclusion."""

    deployment: Deployment
    exclusions: tuple[Exclusion, ...] = ()
    score: float = 0.0
    score_parts: tuple[ScorePart, ...] = ()
    expected_cost_usd: float | None = None
    expected_first_content: float | None = None

    @property
    def eligible(self) -> bool:
        """Whether every constraint is kept."""
        return not self.exclusions

    @property
    def changes_needed(self) -> tuple[str, ...]:
        """The fewest changes that together would make it eligible, each said once."""
        return tuple(dict.fromkeys(each.eligible_if for each in self.exclusions))


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HedgingPlan:
    """When a hedge starts: `delay` seconds after the attempt before it, `None` for never."""

    mode: HedgingMode
    delay: float | None
    max_parallel: int
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The ordered deployments and the rules for one request.

    `timeout` is seconds for the whole, `latency_budget` those within which the caller wants the
    first content. `tokens` is what prompt and answer are expected to take together, for the
    providers' token limits. `hedging` is what `hedging_rule` comes to for the first attempt; only
    explanations have it decided beforehand. `zero_data_retention` and `no_training` are demanded of
    every attempt.
    """

    policy: Policy
    deployments: tuple[Deployment, ...]
    max_attempts: int
    timeout: float
    timeouts: Timeouts
    retries: RetryRule
    hedging_rule: HedgingRule
    hedging: HedgingPlan
    priority: Priority
    previous_attempts: int
    tokens: int
    stream_recovery: StreamRecoveryMode
    consistency: ConsistencyMode
    streaming: bool
    has_side_effects: bool
    failover_on_refusal: bool
    latency_budget: float | None = None
    zero_data_retention: bool = False
    no_training: bool = False

    @property
    def resumes(self) -> bool:
        """Whether a broken stream is to go on from the text so far."""
        return self.streaming and self.stream_recovery is StreamRecoveryMode.RESUME

    def streams_whole_answers_of(self, deployment: Deployment) -> bool:
        """Whether a whole answer is better read as a stream: a hedge may end it before its time.

        Where closing a stream stops the bill, a loser then costs what it has said and no more.
        """
        return (
            self.hedging_rule.mode is not HedgingMode.OFF
            and deployment.provider.cancel_stops_billing
            and Capability.STREAMING in deployment.capabilities
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EffectiveConstraint:
    """One limit in force and who set it: `request`, `policy` or `tenant`."""

    name: str
    value: str
    source: str
