"""Stops retries and hedges when too much has already failed.

A budget in the manner of Finagle's RetryBudget: every request deposits a share of an attempt, every
extra attempt withdraws one. Deposits that are not used within the window expire, so that quiet
hours do not pay for an outage. Hedges also need their own, smaller budget, because the attempt
beside them may succeed anyway.

Unlike Finagle's, the reserve does not refill with time but only from unused deposits: in a total
outage the extra attempts fall to the share itself, whatever the traffic. Ten a second, as in
Finagle, would double the attempts of ten calls per second for as long as the outage lasts.

Savings cover a fluctuation, but never a burst: within any window the extra attempts stay below the
share of that window's requests, or the reserve where that is more. Hedges save less than a window's
deposits, so that saved ones and those of a window together leave room for retries.

The last third of the hedge savings is for hedges that were refused before. Where one in twenty
calls is late and one in twenty may be hedged, the balance is low as often as not, and chance would
decide which call is hedged: the one that is late for longer needs it more.

Attempts that move traffic away from a failure are free: failovers and recoveries to a deployment
that answers, or of which nothing is known. A provider with a third of the traffic that dies at `r`
calls per second, each `t` seconds from its commit, leaves r·t/3 calls to be moved at once, and a
process that dies cuts every stream on it: a hundred streams are a hundred recoveries. No budget
that is a share of the requests covers that. It multiplies nothing either: a call makes at most
`max_attempts`, and those end where the traffic would have gone anyway.

Free attempts end where the target is part of the outage: its latest outcome is a failure, and its
breaker is open or fewer than `ANSWERS_FROM` of its calls have succeeded lately. The latest outcome
counts because a deployment that has just answered is the way out, whatever its past (two providers
that fail in turn are both below the rate half of the time); the breaker counts because the rate of
a busy deployment takes half its window to fall. So in a total outage the free attempts end within
the five failures that open each breaker, and attempts fall to 1.1 per call.

Charged in any case is what adds load while something else may still succeed or has just failed:
hedges, rescues, retries of the same deployment, and every extra attempt of a call that its client
has already retried. Only the repetition on a new connection, after a kept-alive one turned out to
be stale, is free: the provider has not seen the request.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.measures.windows import SlidingWindow
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.planning.plans import Plan

ANSWERS_FROM = 0.5
"""A deployment where less than this share succeeds is part of the outage, not a way out of it."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BudgetRule:
    """How many extra attempts are allowed, as shares of the requests of the last `window` seconds.

    `reserve` extra attempts, `hedge_reserve` of them hedges, are allowed before the first request.
    """

    share: float = 0.1
    hedge_share: float = 0.05
    reserve: int = 10
    hedge_reserve: int = 2
    window: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.hedge_share <= self.share < math.inf:
            raise ValueError("`hedge_share` is at least 0 and at most `share`")
        if not 0 <= self.hedge_reserve <= self.reserve:
            raise ValueError("`hedge_reserve` is at least 0 and at most `reserve`")
        if not 0 < self.window < math.inf:
            raise ValueError(f"`window` must be above 0 seconds, not {self.window}")


_MOVES_TRAFFIC = frozenset({AttemptReason.FAILOVER, AttemptReason.RECOVERY})


def is_charged(reason: AttemptReason, *, previous_attempts: int, is_part_of_outage: bool) -> bool:
    """Whether an attempt has to be withdrawn from the budgets.

    `previous_attempts` is how often the client has tried before. The first attempt is never
    charged; a failover or a recovery only where its deployment is part of the outage.
    """
    if reason is AttemptReason.FIRST:
        return False
    if previous_attempts or reason not in _MOVES_TRAFFIC:
        return True
    return is_part_of_outage


_SAVED_HEDGES = 0.75
"""The part of a window's deposits that hedges can save."""

_FOR_REPEATED = 1 / 3
"""The part of the hedge savings that is for hedges which were refused before."""


class _Account:
    """A balance: at most the reserve and what can be saved of the window's deposits."""

    __slots__ = ("balance", "reserve", "saved_share", "share")

    def __init__(self, *, share: float, reserve: int, saved: float = 1.0) -> None:
        self.share = share
        self.reserve = reserve
        self.saved_share = saved * share
        self.balance = float(reserve)

    def deposit(self, requests: int, *, of: int) -> None:
        """Deposit for so many requests in a row, the last of `of` in the window.

        The bound grows with each of them by no more than the balance does, so that bounding once,
        after the last, comes to the same.
        """
        self.balance = min(self.balance + self.share * requests, self._most(of))

    def bound(self, requests: int) -> None:
        self.balance = min(self.balance, self._most(requests))

    def _most(self, requests: int) -> float:
        return self.reserve + self.saved_share * requests


_SLICES = 50
"""A window outlives its span by one slice: 2 % of it."""

# Ten deposits of 0.1 add up to a little less than 1.
_WHOLE = 1 - 1e-9


class AttemptBudget:
    """The budget of one policy or of one provider.

    Requests are only counted; their deposits are made when the balance is read or changed.

    Every request deposits once in the budget of its policy and in that of each provider that its
    plan could call: otherwise a provider that is only a fallback could not be called when needed.
    """

    __slots__ = ("_extra", "_hedges", "_requests", "_rule", "_spent", "_undeposited", "_window")

    def __init__(self, rule: BudgetRule) -> None:
        self._rule = rule
        self._extra = _Account(share=rule.share, reserve=rule.reserve)
        self._hedges = _Account(
            share=rule.hedge_share, reserve=rule.hedge_reserve, saved=_SAVED_HEDGES
        )
        self._requests = 0
        self._undeposited = 0
        self._spent = 0
        # A slice counts its requests, and the extra attempts made for them.
        self._window: SlidingWindow[list[int]] = SlidingWindow(
            span=rule.window, slices=_SLICES, new=_nothing, forget=self._forget
        )

    def deposit(self, now: float) -> None:
        """Record a request."""
        self._window.current(now)[0] += 1
        self._requests += 1
        self._undeposited += 1

    def allows(self, reason: AttemptReason, now: float, *, asked_before: bool = False) -> bool:
        """Whether an extra attempt is left. Takes none."""
        self._window.current(now)
        self._deposit()
        most = max(self._rule.reserve, self._rule.share * self._requests)
        if self._extra.balance < _WHOLE or self._spent + _WHOLE > most:
            return False
        if reason is not AttemptReason.HEDGE:
            return True
        kept = 0.0 if asked_before else self._hedges.saved_share * self._requests * _FOR_REPEATED
        return self._hedges.balance >= kept + _WHOLE

    def take(self, reason: AttemptReason, now: float) -> None:
        """Take one extra attempt out, which `allows` must have allowed."""
        self._window.current(now)[1] += 1
        self._spent += 1
        self._deposit()
        self._extra.balance = max(0.0, self._extra.balance - 1)
        if reason is AttemptReason.HEDGE:
            self._hedges.balance = max(0.0, self._hedges.balance - 1)

    def _deposit(self) -> None:
        requests = self._undeposited
        if requests:
            self._undeposited = 0
            self._extra.deposit(requests, of=self._requests)
            self._hedges.deposit(requests, of=self._requests)

    def _forget(self, counts: list[int]) -> None:
        self._deposit()
        requests, spent = counts
        counts[:] = _nothing()
        self._spent -= spent
        if requests:
            self._requests -= requests
            self._extra.bound(self._requests)
            self._hedges.bound(self._requests)


def withdraw(
    budgets: Sequence[AttemptBudget],
    reason: AttemptReason,
    now: float,
    *,
    asked_before: bool = False,
) -> bool:
    """Take one extra attempt out of every budget, or none of any; return whether it was taken.

    Each budget is named once. `asked_before` says that they refused an attempt of the call before.
    """
    for budget in budgets:
        if not budget.allows(reason, now, asked_before=asked_before):
            return False
    for budget in budgets:
        budget.take(reason, now)
    return True


def _nothing() -> list[int]:
    return [0, 0]


class AttemptBudgets:
    """One budget per policy and one per provider, created when first needed."""

    def __init__(self, rule: BudgetRule) -> None:
        self._rule = rule
        self._of_policies: dict[str, AttemptBudget] = {}
        self._of_providers: dict[str, AttemptBudget] = {}

    def deposit(self, plan: Plan, now: float) -> None:
        """Record a request: it deposits in the budgets of its policy and its providers."""
        policy = plan.policy.name
        (self._of_policies.get(policy) or self._of_policy(policy)).deposit(now)
        known = self._of_providers
        for provider in {deployment.provider.name for deployment in plan.deployments}:
            (known.get(provider) or self._of_provider(provider)).deposit(now)

    def pay(
        self,
        deployment: Deployment,
        plan: Plan,
        *,
        reason: AttemptReason,
        is_part_of_outage: bool,
        now: float,
        asked_before: bool,
    ) -> bool:
        """Withdraw an attempt if it is an extra one; return whether the budgets allowed it.

        `is_part_of_outage` is that of the deployment; `asked_before` says that the call was refused
        an extra attempt before.
        """
        if not is_charged(
            reason,
            previous_attempts=plan.previous_attempts,
            is_part_of_outage=is_part_of_outage,
        ):
            return True
        budgets = (
            self._of_policy(plan.policy.name),
            self._of_provider(deployment.provider.name),
        )
        return withdraw(budgets, reason, now, asked_before=asked_before)

    def allow(self, deployment: Deployment, plan: Plan, reason: AttemptReason, now: float) -> bool:
        """Whether the budgets have an extra attempt left for `reason`. Withdraws nothing."""
        budgets = (self._of_policy(plan.policy.name), self._of_provider(deployment.provider.name))
        return all(budget.allows(reason, now) for budget in budgets)

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
