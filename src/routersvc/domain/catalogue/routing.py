"""Routing options of one request."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.constraints import UNLIMITED, Constraints
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.ranking_goals import NO_GOAL_WISHES, GoalWishes
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.weights import NO_WISHES, WeightWishes


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """Routing options that the caller set; the policy decides where a field is unset.

    `hedge_delay`, `latency_budget` and the timeouts are in seconds. `task` and `complexity` (0 to
    1) override the classification by the router. `weights` or `worth` override what the policy
    ranks by.
    """

    policy: str = ""
    required_models: tuple[str, ...] = ()
    preferred_models: tuple[str, ...] = ()
    pinned_deployment: str = ""
    constraints: Constraints = UNLIMITED
    task: Task | None = None
    complexity: float | None = None
    priority: Priority = Priority.NORMAL
    expected_output_tokens: int | None = None
    consistency: ConsistencyMode | None = None
    hedging_mode: HedgingMode | None = None
    hedge_delay: float | None = None
    latency_budget: float | None = None
    stream_recovery: StreamRecoveryMode | None = None
    max_attempts: int | None = None
    weights: WeightWishes = NO_WISHES
    worth: GoalWishes = NO_GOAL_WISHES
    session_id: str = ""
    deterministic: bool = False
    allow_degraded: bool | None = None
    first_content_timeout: float | None = None
    idle_timeout: float | None = None
    attempt_timeout: float | None = None
    has_side_effects: bool = False
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
