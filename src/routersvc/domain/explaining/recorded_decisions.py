"""Records of ended decisions, as they stand in the decision log.

These types are the schema of the log: `docs/decision-log.schema.json` is generated from them.
Fields may be added with a default; any other change needs a new `VERSION`. Durations are seconds,
costs US dollars, instants UTC. A record holds no prompt and no answer, unless `prompt` is set.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import msgspec

from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.outcomes.attempt_reports import AttemptCost, AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.degradations import Degradation
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.planning.candidates import ScorePart
from routersvc.domain.planning.effective_constraints import EffectiveConstraint
from routersvc.domain.planning.exclusion_reasons import Exclusion
from routersvc.domain.planning.live_stats import LiveStats
from routersvc.domain.profiling.profiles import Profile
from routersvc.domain.values import Value

VERSION = 1
"""The version of the schema. Readers refuse records of a later one."""


class RecordedDeployment(Value, frozen=True, kw_only=True):
    """The names of a deployment; `region` is empty if none is configured."""

    deployment: str
    provider: str
    model: str
    region: str = ""


class RecordedObstacle(Value, frozen=True, kw_only=True):
    """What kept an eligible deployment from being called, and for how long, if that was known."""

    reason: Obstacle
    description: str
    wait_seconds: float | None = None


class RecordedCandidate(Value, frozen=True, kw_only=True):
    """A deployment that the policy lists. `rank` counts from 1, 0 if it was excluded."""

    deployment: RecordedDeployment
    rank: int = 0
    score: float = 0.0
    score_parts: tuple[ScorePart, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    expected_cost_usd: float | None = None
    expected_time_to_first_content_seconds: float | None = None
    obstacle: RecordedObstacle | None = None


class RecordedPlan(Value, frozen=True, kw_only=True):
    """The rules of the call; the order of its deployments is that of the ranks."""

    deployments: tuple[str, ...]
    max_attempts: int
    timeout_seconds: float
    first_content_timeout_seconds: float
    idle_timeout_seconds: float
    hedging_mode: HedgingMode
    hedge_delay_seconds: float | None
    hedging_description: str
    stream_recovery: StreamRecoveryMode
    consistency: ConsistencyMode


class RecordedAttempt(Value, frozen=True, kw_only=True):
    """One attempt, with the fields of the attempts of a route report."""

    number: int
    deployment: RecordedDeployment
    reason: AttemptReason
    outcome: AttemptOutcome
    caused_by: int = 0
    start_seconds: float = 0.0
    time_to_first_content_seconds: float | None = None
    duration_seconds: float | None = None
    failure_class: FailureClass | None = None
    failure_message: str = ""
    http_status: int | None = None
    usage: Usage = Usage()
    cost: AttemptCost | None = None


class RecordedRequest(Value, frozen=True, kw_only=True):
    """What planning reads of a request, beside its profile: enough to plan it again.

    `live_stats` are the statistics of deployments that planning used, by name.
    """

    routing: Routing
    streaming: bool
    timeout_seconds: float
    previous_attempts: int = 0
    max_output_tokens: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    wire_formats: tuple[str, ...] = ()
    budget: BudgetStanding | None = None
    live_stats: Mapping[str, LiveStats] = msgspec.field(default_factory=dict[str, LiveStats])


class RecordedMessage(Value, frozen=True, kw_only=True):
    """The texts of one message. Pictures, audio and files are left out."""

    role: Role
    texts: tuple[str, ...]


class DecisionRecord(Value, frozen=True, kw_only=True):
    """One ended decision.

    `outcome` is `served` or the error reason of the contract in lower case. A request that no
    deployment may serve has neither `decision_id` nor `plan`. `prompt` is set if the operator
    configured `content`.
    """

    version: int = VERSION
    decision_id: str
    request_id: str
    trace_id: str
    tenant: str
    received_time: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    outcome: str
    error: str
    configuration_digest: str
    policy: str
    policy_choice: str
    rule: str
    request: RecordedRequest
    profile: Profile
    constraints: tuple[EffectiveConstraint, ...]
    candidates: tuple[RecordedCandidate, ...]
    plan: RecordedPlan | None
    attempts: tuple[RecordedAttempt, ...] = ()
    served_by: RecordedDeployment | None = None
    model_version: str = ""
    provider_response_id: str = ""
    hedged: bool = False
    recovered: bool = False
    degradation: Degradation | None = None
    usage: Usage = Usage()
    cost: AttemptCost | None = None
    planning_seconds: float = 0.0
    time_to_first_content_seconds: float | None = None
    duration_seconds: float | None = None
    prompt: tuple[RecordedMessage, ...] | None = None
