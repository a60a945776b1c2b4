"""Plans logged decisions again, under other settings, and compares.

Planning is pure: the request, what was known of the fleet and the budget are in the record, so the
same settings give the same plan. What a record cannot hold limits the comparison: the prompt is
gone, so its task is known only if the route depended on it then, and a wire format that could not
express the request is taken at its word if provider and model are the same.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning
from routersvc.domain.conversation.steps import finished
from routersvc.domain.explaining.recorded_decisions import DecisionRecord
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.live_stats import NOTHING_KNOWN, LiveStats
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import Plan, RefusedRequest
from routersvc.domain.profiling.identifiers import DataClassRule, data_classes_of
from routersvc.domain.profiling.profiles import Profile

_NOT_READY = frozenset({Obstacle.BREAKER_OPEN, Obstacle.UNREACHABLE, Obstacle.GATED})
"""Obstacles of deployments whose statistics do not count while others can be called."""


class ReplayChange(enum.Enum):
    """How a replayed decision differs from the logged one; the first that applies."""

    UNKNOWN = "unknown"
    NOT_PLANNED = "not_planned"
    PLANNED = "planned"
    FIRST_CHOICE = "first_choice"
    ORDER = "order"
    RULES = "rules"
    NONE = "none"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ReplayedDecision:
    """A logged decision beside what other settings would decide.

    `before` and `after` are the first deployments, empty if nothing may serve. Costs are those that
    were expected of them, in US dollars, `None` if unknown. `reason` says why nothing may serve, or
    why it is unknown.
    """

    decision_id: str
    change: ReplayChange
    before: str
    after: str
    cost_before: float | None = None
    cost_after: float | None = None
    reason: str = ""


class DecisionReplayer:
    """Replays decisions under one configuration. `data_class_rules` are those of its detection."""

    def __init__(
        self,
        planner: Planner,
        tenants: Mapping[str, Tenant],
        data_class_rules: Sequence[DataClassRule] = (),
    ) -> None:
        self._planner = planner
        self._tenants = tenants
        self._rules = tuple(data_class_rules)

    def replay(self, record: DecisionRecord) -> ReplayedDecision:
        """Return what the configuration would decide on a logged request."""
        before = record.plan.deployments if record.plan is not None else ()
        first = before[0] if before else ""
        cost_before = next(
            (one.expected_cost_usd for one in record.candidates if one.rank == 1), None
        )

        def result(
            change: ReplayChange,
            *,
            after: str = "",
            cost_after: float | None = None,
            reason: str = "",
        ) -> ReplayedDecision:
            return ReplayedDecision(
                decision_id=record.decision_id,
                change=change,
                before=first,
                after=after,
                cost_before=cost_before,
                cost_after=cost_after,
                reason=reason,
            )

        request = _request_of(record)
        budget = self._budget(record)
        not_planned = ReplayChange.NOT_PLANNED if before else ReplayChange.NONE
        try:
            choice, profile = finished(self._planner.profiling(request, budget))
            if profile.task is not None and record.profile.task is None:
                return result(
                    ReplayChange.UNKNOWN, reason="the task of the request was not determined then"
                )
            planned = self._planner.plan(
                request,
                _RecordedView(record),
                budget=budget,
                at=record.received_time.timestamp(),
                profiled=(choice, self._profile(record)),
            )
        except RefusedError as error:
            return result(not_planned, reason=str(error))
        if isinstance(planned, RefusedRequest):
            return result(not_planned, reason=str(planned.error))
        inexpressible = _inexpressible(record)
        chosen = [one for one in planned.plan.deployments if _identity(one) not in inexpressible]
        if not chosen:
            return result(not_planned, reason="no wire format can express the request")
        return result(
            _change(record, [one.name for one in chosen], planned.plan),
            after=chosen[0].name,
            cost_after=planned.limits.expected_cost(chosen[0].model),
        )

    def _profile(self, record: DecisionRecord) -> Profile:
        """Return the recorded profile, with the data classes that the findings imply now."""
        profile = record.profile
        stated = record.request.routing.constraints.data_classes
        return dataclasses.replace(
            profile, data_classes=stated | data_classes_of(profile.findings, self._rules)
        )

    def _budget(self, record: DecisionRecord) -> BudgetStanding | None:
        """Return the tenant's present budget as far as it was used then."""
        tenant = self._tenants.get(record.tenant)
        if tenant is None or tenant.budget is None:
            return None
        then = record.request.budget
        if then is None:
            return BudgetStanding(rule=tenant.budget, spent_usd=0.0, reserved_usd=0.0)
        return dataclasses.replace(then, rule=tenant.budget)


class _RecordedView:
    """The fleet as it was known at the time of a decision."""

    def __init__(self, record: DecisionRecord) -> None:
        plan = record.plan
        self._places = {} if plan is None else {it: at for at, it in enumerate(plan.deployments)}
        self._stats = record.request.live_stats
        self._not_ready = {
            candidate.deployment.deployment
            for candidate in record.candidates
            if candidate.obstacle is not None and candidate.obstacle.reason in _NOT_READY
        }

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return them in the order that was drawn then, others behind them."""
        last = len(self._places)
        return sorted(equals, key=lambda one: self._places.get(one.name, last))

    def is_ready(self, deployment: Deployment) -> bool:
        """Whether nothing kept calls away from a deployment."""
        return deployment.name not in self._not_ready

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return the statistics that planning used."""
        del streaming
        return self._stats.get(deployment.name, NOTHING_KNOWN)


def _request_of(record: DecisionRecord) -> Request:
    """Return the request, with a word in the place of its prompt."""
    recorded = record.request
    return Request(
        request_id=record.request_id,
        prompt=Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text="-"),)),),
            sampling=Sampling(max_output_tokens=recorded.max_output_tokens),
            reasoning=Reasoning(effort=recorded.reasoning_effort),
            wire_extensions=tuple(
                WireExtension(wire_format=name, fields_json="{}") for name in recorded.wire_formats
            ),
        ),
        routing=recorded.routing,
        streaming=recorded.streaming,
        timeout=recorded.timeout_seconds,
        tenant=record.tenant,
        previous_attempts=recorded.previous_attempts,
    )


def _identity(deployment: Deployment) -> tuple[str, str, str]:
    return (deployment.name, deployment.provider.name, deployment.model.name)


def _inexpressible(record: DecisionRecord) -> frozenset[tuple[str, str, str]]:
    """Return the deployments whose wire format could not express the request."""
    return frozenset(
        (names.deployment, names.provider, names.model)
        for candidate in record.candidates
        if any(each.reason is ExclusionReason.WIRE_FORMAT for each in candidate.exclusions)
        for names in (candidate.deployment,)
    )


def _change(record: DecisionRecord, after: Sequence[str], plan: Plan) -> ReplayChange:
    before = record.plan
    if before is None:
        return ReplayChange.PLANNED
    if before.deployments[0] != after[0]:
        return ReplayChange.FIRST_CHOICE
    if list(before.deployments) != list(after):
        return ReplayChange.ORDER
    same_rules = (
        record.policy == plan.policy.name
        and before.max_attempts == plan.max_attempts
        and before.first_content_timeout_seconds == plan.timeouts.first_content
        and before.idle_timeout_seconds == plan.timeouts.idle
        and before.hedging_mode is plan.hedging_rule.mode
        and before.stream_recovery is plan.stream_recovery
        and before.consistency is plan.consistency
    )
    return ReplayChange.NONE if same_rules else ReplayChange.RULES
