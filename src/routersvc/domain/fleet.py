"""All deployments with what each has been through: who may be called now, and what calling taught.

The only place where an attempt's outcome becomes health. A race asks `start` before it starts an
attempt and settles the lease exactly once: `succeeded`, `failed` or `released`. A lease that is
released (a loser, a departed caller, a passed deadline) opens no breaker and lowers no success
rate.
"""

from __future__ import annotations

import dataclasses
import random as random_module
from collections.abc import Iterable

from routersvc.domain.answers import RateLimitHeadroom, Usage
from routersvc.domain.budgets import AttemptBudget, BudgetRule, is_charged, withdraw
from routersvc.domain.catalogue import Deployment
from routersvc.domain.deployment_states import DEGRADED_BELOW, DeploymentRules, DeploymentState
from routersvc.domain.disablements import (
    Credential,
    Disablement,
    Disablements,
    RecheckRule,
    ServedModel,
)
from routersvc.domain.failures import Disables, Failure
from routersvc.domain.health import BreakerState, DeploymentHealth
from routersvc.domain.hedging import HedgeDecision, HedgeSituation, decide
from routersvc.domain.leases import Lease, Obstacle, Refusal
from routersvc.domain.plans import Plan
from routersvc.domain.reports import AttemptReason


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FleetRules:
    """The rules that hold for every deployment, policy and provider."""

    deployments: DeploymentRules = dataclasses.field(default_factory=DeploymentRules)
    budgets: BudgetRule = dataclasses.field(default_factory=BudgetRule)
    rechecks: RecheckRule = dataclasses.field(default_factory=RecheckRule)


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
        self._policy_budgets: dict[str, AttemptBudget] = {}
        self._provider_budgets: dict[str, AttemptBudget] = {}

    @property
    def running_attempts(self) -> int:
        """How many leases are out."""
        return sum(state.in_flight for state in self._states.values())

    def arrived(self, plan: Plan, now: float) -> None:
        """Take note of a request: it pays for extra attempts of its policy and its providers."""
        self._policy_budget(plan.policy.name).deposit(now)
        for provider in {deployment.provider.name for deployment in plan.deployments}:
            self._provider_budget(provider).deposit(now)

    def start(
        self,
        deployment: Deployment,
        plan: Plan,
        *,
        reason: AttemptReason,
        earlier_failovers: int,
        now: float,
        forced: bool = False,
    ) -> Lease | Refusal:
        """Return the right to start an attempt now, or what keeps it from starting.

        `forced` overrules breaker and rate-limit headroom: the least bad choice when nothing else
        is left. It overrules neither a provider that asked not to be called nor a disabled
        credential.
        """
        disabled = self._disablements.find(deployment)
        if disabled is not None and now < disabled.check_at:
            return _disabled(deployment, disabled, now)
        state = self._states[deployment.name]
        lease = state.lease(plan.tokens, now, streaming=plan.streaming, forced=forced)
        if isinstance(lease, Refusal):
            return lease
        if not self._pays(deployment, plan, reason, earlier_failovers, now):
            state.withdrawn(lease, now)
            return Refusal(
                deployment=deployment,
                obstacle=Obstacle.BUDGET_SPENT,
                wait=None,
                description="may not be called: the budget for extra attempts is spent",
            )
        if disabled is not None:
            # This call is the check; the next one waits for its turn.
            self._disablements.take_due(now)
        return lease

    def hedge(
        self,
        plan: Plan,
        *,
        primary: Deployment,
        other: Deployment | None,
        running: int,
        time_left: float,
        now: float,
        changes_nothing: bool = False,
    ) -> HedgeDecision:
        """Return when a hedge on `other` may start beside the attempt on `primary`.

        `time_left` is seconds from the start of that attempt to the deadline.
        """
        rule = plan.hedging_rule
        state = self._states[primary.name]
        history = state.history(streaming=plan.streaming)
        rate = state.outcomes(now).success_rate
        breaker = state.breaker.state(now)
        looks = history.peek if changes_nothing else history.view
        other_view = None
        if other is not None:
            other_history = self._states[other.name].history(streaming=plan.streaming)
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
                primary=looks(rule.percentile, now),
                primary_degraded=breaker is not BreakerState.CLOSED
                or (rate is not None and rate < DEGRADED_BELOW),
                other=other_view,
                cost_ratio=_cost_ratio(primary, other),
                budget_available=self._policy_budget(plan.policy.name).allows(
                    AttemptReason.HEDGE, now
                ),
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
                self._disablements.disable(Credential.of(deployment), failure.message, now)
            case Disables.MODEL:
                self._disablements.disable(ServedModel.of(deployment), failure.message, now)
            case Disables.NOTHING:
                pass

    def released(self, lease: Lease, now: float) -> None:
        """Settle a lease that says nothing of health: a loser, a departed caller."""
        self._states[lease.deployment.name].released(lease, now)

    def disablement(self, deployment: Deployment) -> Disablement | None:
        """Return why a deployment's credential or model is out of use; `None` where it is not."""
        return self._disablements.find(deployment)

    def disabled_credential(self, deployment: Deployment) -> Disablement | None:
        """Return why a deployment's credential is out of use; `None` where it is not."""
        return self._disablements.get(Credential.of(deployment))

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

    def _pays(
        self,
        deployment: Deployment,
        plan: Plan,
        reason: AttemptReason,
        earlier_failovers: int,
        now: float,
    ) -> bool:
        """Withdraw an extra attempt from the budgets; whether they had it."""
        if reason is AttemptReason.FIRST:
            return True
        rate = self._states[deployment.name].outcomes(now).success_rate
        earlier = earlier_failovers + plan.previous_attempts
        if not is_charged(reason, earlier_failovers=earlier, success_rate=rate):
            return True
        budgets = (
            self._policy_budget(plan.policy.name),
            self._provider_budget(deployment.provider.name),
        )
        return withdraw(budgets, reason, now)

    def _policy_budget(self, name: str) -> AttemptBudget:
        budget = self._policy_budgets.get(name)
        if budget is None:
            budget = self._policy_budgets[name] = AttemptBudget(self._rules.budgets)
        return budget

    def _provider_budget(self, name: str) -> AttemptBudget:
        budget = self._provider_budgets.get(name)
        if budget is None:
            budget = self._provider_budgets[name] = AttemptBudget(self._rules.budgets)
        return budget


def _disabled(deployment: Deployment, disabled: Disablement, now: float) -> Refusal:
    wait = disabled.check_at - now
    return Refusal(
        deployment=deployment,
        obstacle=Obstacle.DISABLED,
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
