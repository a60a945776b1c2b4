"""All deployments with what each has been through: who may be called now, and what calling taught.

The only place where an attempt's outcome becomes health. A race asks `start` before it starts an
attempt and settles the lease exactly once: `succeeded`, `failed` or `released`. A lease that is
released (a loser, a departed caller, a passed deadline) opens no breaker and lowers no success
rate.
"""

from __future__ import annotations

import dataclasses
import random as random_module
from collections.abc import Callable, Iterable, Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.modes import (
    HedgingMode,
)
from routersvc.domain.conversation.rate_limit_headroom import (
    RateLimitHeadroom,
)
from routersvc.domain.conversation.usage import (
    Usage,
)
from routersvc.domain.fleet.active_checks import (
    CheckMethod,
    CheckResult,
    CheckRule,
)
from routersvc.domain.fleet.attempt_budgets import (
    BudgetBook,
    BudgetRule,
)
from routersvc.domain.fleet.breaker_health import (
    BreakerState,
)
from routersvc.domain.fleet.concurrency import (
    Ticket,
)
from routersvc.domain.fleet.deployment_states import (
    DeploymentRules,
    DeploymentState,
)
from routersvc.domain.fleet.disablements import (
    Credential,
    Disablement,
    Disablements,
    RecheckRule,
    ServedModel,
)
from routersvc.domain.fleet.fleet_views import (
    FleetView,
)
from routersvc.domain.fleet.health import (
    DeploymentHealth,
)
from routersvc.domain.fleet.leases import (
    Lease,
    LeaseRefusal,
    Obstacle,
)
from routersvc.domain.fleet.load_balancing import (
    LoadBalancer,
)
from routersvc.domain.fleet.queues import (
    MAX_QUEUES,
    QueuePlace,
    QueueWait,
)
from routersvc.domain.outcomes.attempt_reports import (
    AttemptReason,
)
from routersvc.domain.outcomes.failure_rules import (
    Disables,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)
from routersvc.domain.planning.plans import (
    Plan,
)
from routersvc.domain.racing.hedges import (
    HedgeDecision,
    HedgeSituation,
    decide,
    has_exploded,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FleetRules:
    """The rules that hold for every deployment, policy and provider."""

    deployments: DeploymentRules = dataclasses.field(default_factory=DeploymentRules)
    budgets: BudgetRule = dataclasses.field(default_factory=BudgetRule)
    rechecks: RecheckRule = dataclasses.field(default_factory=RecheckRule)
    checks: CheckRule = dataclasses.field(default_factory=CheckRule)


class Fleet:
    """Every deployment's state. Synchronous; told the time."""

    def __init__(
        self,
        deployments: Iterable[Deployment],
        *,
        random: random_module.Random,
        rules: FleetRules | None = None,
    ) -> None:
        self._rules = rules or FleetRules()
        self._states = {
            deployment.name: DeploymentState(deployment, self._rules.deployments, random=random)
            for deployment in deployments
        }
        self._disablements = Disablements(self._rules.rechecks)
        self._budgets = BudgetBook(self._rules.budgets)
        self._picker = LoadBalancer(random)

    @property
    def running_attempts(self) -> int:
        """How many leases are out."""
        return sum(state.in_flight for state in self._states.values())

    @property
    def waiting_tickets(self) -> int:
        """How many tickets wait for a place, twins counted apart."""
        return sum(state.queued for state in self._states.values())

    def arrived(self, plan: Plan, now: float) -> None:
        """Take note of a request: it pays for extra attempts of its policy and its providers."""
        self._budgets.arrived(plan, now)

    def view(self, now: float, *, drawing: bool = True) -> FleetView:
        """Return what is known at `now`; not `drawing` changes nothing, for explanations."""
        return FleetView(self._states, picker=self._picker if drawing else None, now=now)

    def start(
        self,
        deployment: Deployment,
        plan: Plan,
        *,
        reason: AttemptReason,
        earlier_failovers: int,
        now: float,
        asked_before: bool = False,
        forced: bool = False,
        ticket: Ticket | None = None,
    ) -> Lease | LeaseRefusal:
        """Return the right to start an attempt now, or what keeps it from starting.

        `asked_before` says that no budget paid for one of the same call before. `forced` overrules
        breaker and rate-limit headroom: the least bad choice when nothing else is left. It
        overrules neither a provider that asked not to be called nor a disabled credential. `ticket`
        is one that has waited for its place and got it; with a refusal it is given back.
        """
        answer = self._lease(deployment, plan, now, forced=forced, ticket=ticket)
        if isinstance(answer, LeaseRefusal):
            if ticket is not None:
                ticket.limiter.released(ticket, now)
            return answer
        state = self._states[deployment.name]
        if not self._budgets.pays(
            deployment,
            plan,
            reason=reason,
            earlier_failovers=earlier_failovers,
            success_rate=state.outcomes(now).success_rate,
            now=now,
            asked_before=asked_before,
        ):
            state.withdrawn(answer, plan.tokens, now)
            return LeaseRefusal(
                deployment=deployment,
                obstacle=Obstacle.BUDGET_SPENT,
                wait=None,
                description="may not be called: the budget for extra attempts is spent",
            )
        if self._disablements.find(deployment) is not None:
            # This call is the check; the next one waits for its turn.
            self._disablements.take(Credential.of(deployment), now)
            self._disablements.take(ServedModel.of(deployment), now)
        return answer

    def enqueue(
        self,
        deployments: Sequence[Deployment],
        *,
        reason: AttemptReason,
        caused_by: int,
        on_start: Callable[[], None],
        now: float,
    ) -> QueueWait | None:
        """Let a call wait for a place at the first of `deployments`, all of which are full.

        `on_start` is called when there is one. `None` where every queue is full, too.
        """
        places: list[QueuePlace] = []
        for deployment in deployments:
            ticket = self._states[deployment.name].enqueue(on_start)
            if ticket is not None:
                places.append(QueuePlace(deployment, ticket))
                if len(places) == MAX_QUEUES:
                    break
        if not places:
            return None
        longest = self._rules.deployments.concurrency.max_wait
        return QueueWait(places, reason=reason, caused_by=caused_by, until=now + longest)

    def is_late_itself(self, deployment: Deployment, plan: Plan, now: float) -> bool:
        """Whether a hedge there would not help: its own latency has exploded."""
        rule = plan.hedging_rule
        history = self._states[deployment.name].history(streaming=plan.streaming)
        return has_exploded(history.view(rule.percentile, now), rule)

    def recovers(self, deployment: Deployment, now: float) -> bool:
        """Whether a deployment is not back in full use: its breaker is not closed."""
        return self._states[deployment.name].breaker.state(now) is not BreakerState.CLOSED

    def hedge(
        self,
        plan: Plan,
        *,
        primary: Deployment,
        other: Deployment | None,
        running: int,
        time_left: float,
        now: float,
        refused_after: float | None = None,
        changes_nothing: bool = False,
    ) -> HedgeDecision:
        """Return when a hedge on `other` may start beside the attempt on `primary`.

        `time_left` is seconds from the start of that attempt to the deadline. `refused_after`
        is when a hedge was due and did not get a lease, in seconds from that start, too.
        """
        rule = plan.hedging_rule
        state = self._states[primary.name]
        history = state.history(streaming=plan.streaming)
        weighs_cost = rule.mode is HedgingMode.AUTO
        looks = history.peek if changes_nothing else history.view
        other_view = None
        other_duration = None
        if other is not None:
            other_state = self._states[other.name]
            if weighs_cost or refused_after is not None:
                other_duration = other_state.usual_duration(now)
            other_history = other_state.history(streaming=plan.streaming)
            other_looks = other_history.peek if changes_nothing else other_history.view
            other_view = other_looks(rule.percentile, now)
        return decide(
            rule,
            HedgeSituation(
                running=running,
                has_other=other is not None,
                time_left=time_left,
                useful_time=plan.timeouts.useful,
                priority=plan.priority,
                previous_attempts=plan.previous_attempts,
                has_side_effects=plan.has_side_effects,
                latency_budget=plan.latency_budget,
                primary=looks(rule.percentile, now),
                primary_degraded=weighs_cost and state.is_degraded(now),
                other=other_view,
                other_duration=other_duration,
                cost_ratio=_cost_ratio(primary, other) if weighs_cost else None,
                refused_after=refused_after,
            ),
        )

    def observed(self, lease: Lease, headroom: RateLimitHeadroom, now: float) -> None:
        """Take note of what the provider says is left of its rate limits."""
        self._states[lease.deployment.name].observed(lease, headroom, now)

    def answered(self, lease: Lease, now: float) -> None:
        """Take note of an attempt's first content."""
        self._states[lease.deployment.name].answered(lease, now)

    def succeeded(self, lease: Lease, *, usage: Usage | None, now: float) -> None:
        """Settle a lease whose attempt became a complete answer."""
        deployment = lease.deployment
        self._states[deployment.name].succeeded(lease, usage, now)
        if self._disablements.find(deployment) is not None:
            self._disablements.enable(Credential.of(deployment))
            self._disablements.enable(ServedModel.of(deployment))

    def failed(self, lease: Lease, failure: Failure, now: float) -> None:
        """Settle a lease whose attempt failed."""
        deployment = lease.deployment
        self._states[deployment.name].failed(lease, failure, now)
        match failure.rule.disables:
            case Disables.CREDENTIAL:
                self._disablements.disable(
                    Credential.of(deployment),
                    failure.message,
                    now,
                    shown_by_check=failure.rule.cleared_by_free_check,
                )
            case Disables.MODEL:
                self._disablements.disable(ServedModel.of(deployment), failure.message, now)
            case Disables.NOTHING:
                pass

    def released(self, lease: Lease, now: float) -> None:
        """Settle a lease that says nothing of health: a loser, a departed caller."""
        self._states[lease.deployment.name].released(lease, now)

    def take_due_checks(self, now: float) -> list[Deployment]:
        """Return the deployments to check now, and put off the next check of each.

        A free check shows what a provider says to a credential, so one deployment speaks for all
        that share it; a completion is asked of each.
        """
        rule = self._rules.checks
        if rule.method is CheckMethod.OFF:
            return []
        due: dict[object, Deployment] = {}
        for state in self._states.values():
            deployment = state.deployment
            if deployment.enabled and self._needs_check(state, now):
                state.checks.asked(now)
                is_free = rule.method is CheckMethod.FREE
                due.setdefault(
                    Credential.of(deployment) if is_free else deployment.name, deployment
                )
        return list(due.values())

    def checked(self, deployment: Deployment, result: CheckResult, now: float) -> None:
        """Take note of an active check; a free one speaks for all that share the credential.

        A completion takes credential and model back into use, a free check a key that was refused:
        of quotas, permissions and models it says nothing.
        """
        credential = Credential.of(deployment)
        if self._rules.checks.method is CheckMethod.COMPLETION:
            self._states[deployment.name].checked(result, now)
            if result.failure is None:
                self._disablements.enable(credential)
                self._disablements.enable(ServedModel.of(deployment))
            return
        for state in self._states.values():
            if Credential.of(state.deployment) == credential:
                state.checked(result, now)
        disabled = self._disablements.get(credential)
        if result.failure is None and disabled is not None and disabled.shown_by_check:
            self._disablements.enable(credential)

    def obstacles(
        self, deployments: Iterable[Deployment], plan: Plan, now: float
    ) -> dict[str, LeaseRefusal]:
        """Return by name what keeps calls of `deployments` from starting now. Changes nothing."""
        states = self._states
        tokens = plan.tokens
        may_probe = not plan.has_side_effects
        found: dict[str, LeaseRefusal] = {}
        for deployment in deployments:
            name = deployment.name
            disabled = self._disablements.find(deployment)
            if disabled is not None and now < disabled.check_at:
                found[name] = self._disabled(deployment, disabled, now)
            elif refusal := states[name].blocking_reason(tokens, now, may_probe=may_probe):
                found[name] = refusal
        return found

    def seen_first_content(
        self, deployment: Deployment, *, streaming: bool, now: float
    ) -> float | None:
        """Return the usual seconds to first content as planning has just seen them, if it has."""
        seen = self._states[deployment.name].seen_live_stats(now, streaming=streaming)
        return None if seen is None else seen.first_content

    def wait(self, deployment: Deployment, tokens: int, now: float) -> float:
        """Return the seconds until a deployment may be called, 0 for now. Changes nothing."""
        refusal = self._states[deployment.name].obstacle(tokens, now)
        return 0.0 if refusal is None or refusal.wait is None else refusal.wait

    def health(self, deployment: Deployment, now: float) -> DeploymentHealth:
        """Return how one deployment fares. Changes nothing."""
        disabled = self._disablements.find(deployment)
        if not deployment.enabled:
            description = "the operator has taken it out"
        elif disabled is not None:
            description = f"{disabled.reason}; checked again in {disabled.check_at - now:.0f} s"
        else:
            description = ""
        return self._states[deployment.name].health(now, disabled=description)

    def _lease(
        self,
        deployment: Deployment,
        plan: Plan,
        now: float,
        *,
        forced: bool,
        ticket: Ticket | None,
    ) -> Lease | LeaseRefusal:
        disabled = self._disablements.find(deployment)
        if disabled is not None and now < disabled.check_at:
            return self._disabled(deployment, disabled, now)
        return self._states[deployment.name].lease(
            plan.tokens,
            now,
            streaming=plan.streaming,
            may_probe=not plan.has_side_effects,
            forced=forced,
            ticket=ticket,
        )

    def _needs_check(self, state: DeploymentState, now: float) -> bool:
        rule = self._rules.checks
        if not state.checks.is_due(rule, now):
            return False
        disabled = self._disablements.find(state.deployment)
        if disabled is not None:
            return now >= disabled.check_at
        return (
            state.checks.is_idle(rule, now) or state.breaker.state(now) is not BreakerState.CLOSED
        )

    def _disabled(self, deployment: Deployment, disabled: Disablement, now: float) -> LeaseRefusal:
        is_credential = self._disablements.get(Credential.of(deployment)) is not None
        wait = disabled.check_at - now
        return LeaseRefusal(
            deployment=deployment,
            obstacle=Obstacle.CREDENTIAL_DISABLED if is_credential else Obstacle.MODEL_DISABLED,
            wait=wait,
            description=f"is out of use ({disabled.reason}) and checked again in {wait:.0f} s",
        )


def _cost_ratio(primary: Deployment, other: Deployment | None) -> float | None:
    """Return what a token of the other costs as a multiple of one of the primary's."""
    if other is None or primary.model.prices is None or other.model.prices is None:
        return None
    ours = primary.model.prices.input + primary.model.prices.output
    theirs = other.model.prices.input + other.model.prices.output
    return theirs / ours if ours else None
