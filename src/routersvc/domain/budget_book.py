"""The budgets of all policies and providers: which one pays for an extra attempt."""

from __future__ import annotations

from routersvc.domain.budgets import AttemptBudget, BudgetRule, is_charged, withdraw
from routersvc.domain.catalogue import Deployment
from routersvc.domain.plans import Plan
from routersvc.domain.reports import AttemptReason


class BudgetBook:
    """One budget a policy and one a provider, made when they are first needed."""

    def __init__(self, rule: BudgetRule) -> None:
        self._rule = rule
        self._of_policies: dict[str, AttemptBudget] = {}
        self._of_providers: dict[str, AttemptBudget] = {}

    def arrived(self, plan: Plan, now: float) -> None:
        """Take note of a request: it pays for extra attempts of its policy and its providers."""
        self._of_policy(plan.policy.name).deposit(now)
        for provider in {deployment.provider.name for deployment in plan.deployments}:
            self._of_provider(provider).deposit(now)

    def pays(
        self,
        deployment: Deployment,
        plan: Plan,
        *,
        reason: AttemptReason,
        earlier_failovers: int,
        success_rate: float | None,
        now: float,
        asked_before: bool,
    ) -> bool:
        """Withdraw an attempt where it is an extra one; return whether the budgets had it.

        `success_rate` is that of the deployment, `None` where nothing is known of it;
        `asked_before` says that the call was refused an extra attempt before.
        """
        earlier = earlier_failovers + plan.previous_attempts
        if not is_charged(reason, earlier_failovers=earlier, success_rate=success_rate):
            return True
        budgets = (
            self._of_policy(plan.policy.name),
            self._of_provider(deployment.provider.name),
        )
        return withdraw(budgets, reason, now, asked_before=asked_before)

    def _of_policy(self, name: str) -> AttemptBudget:
        budget = self._of_policies.get(name)
        if budget is None:
            budget = self._of_policies[name] = AttemptBudget(self._rule)
        return budget

    def _of_provider(self, name: str) -> AttemptBudget:
        budget = self._of_providers.get(name)
        if budget is None:
            budget = self._of_providers[name] = AttemptBudget(self._rule)
        return budget
