"""What a tenant may spend in a sliding window, reserved before it is spent.

A call reserves what its attempts are expected to cost when it is admitted, hedges and failovers
included, and settles with what they did cost when it ends, wasted cost included. Both are
synchronous, so that concurrent calls cannot spend the same dollar. The expected cost follows from
the tokens of the profile: only an answer that is longer than expected, which is booked in full at
its end, can take the window above its limit.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Mapping

_SLICES = 60
"""Slices per window, in which spent money expires; never sooner than after the window."""

_ROUNDING = 1e-9
"""Relative; sums of dollars are not exact."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BudgetDowngradeRule:
    """What changes for a tenant that has used up the share `threshold` of its budget.

    Another `policy` decides, or models stronger than tier `min_tier` are left out, or both.
    """

    threshold: float
    policy: str = ""
    min_tier: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"`threshold` lies above 0 and at most at 1, not {self.threshold}")
        if not self.policy and not self.min_tier:
            raise ValueError("a downgrade names a `policy` or a `min_tier` above 0")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CostBudgetRule:
    """At most `usd` in any `window` seconds."""

    usd: float
    window: float
    downgrade: BudgetDowngradeRule | None = None

    def __post_init__(self) -> None:
        if not 0 < self.usd < math.inf:
            raise ValueError(f"`usd` must be above 0, not {self.usd}")
        if not 0 < self.window < math.inf:
            raise ValueError(f"`window` must be above 0 seconds, not {self.window}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BudgetStanding:
    """A tenant's budget at one moment.

    `leaving` lists in how many seconds which part of `spent_usd` expires, soonest first.
    """

    rule: CostBudgetRule
    spent_usd: float
    reserved_usd: float
    leaving: tuple[tuple[float, float], ...] = ()

    @property
    def left_usd(self) -> float:
        """What can be reserved now."""
        return max(0.0, self.rule.usd - self.spent_usd - self.reserved_usd)

    @property
    def used_share(self) -> float:
        """What share of the budget is spent or reserved."""
        return (self.spent_usd + self.reserved_usd) / self.rule.usd

    @property
    def downgrade(self) -> BudgetDowngradeRule | None:
        """The downgrade that is in force, if any."""
        rule = self.rule.downgrade
        return rule if rule is not None and self.used_share >= rule.threshold else None

    def covers(self, usd: float) -> bool:
        """Whether `usd` can be reserved now."""
        taken = self.spent_usd + self.reserved_usd
        return usd + taken <= self.rule.usd * (1 + _ROUNDING)

    def wait(self, usd: float) -> float | None:
        """Return in how many seconds `usd` can be reserved, `None` for never.

        Money that running calls have reserved counts as free: each may end at any moment.
        """
        left = self.rule.usd - self.spent_usd
        if usd > self.rule.usd * (1 + _ROUNDING):
            return None
        if usd <= left + _ROUNDING * self.rule.usd:
            return 0.0
        for seconds, forgotten in self.leaving:
            left += forgotten
            if usd <= left + _ROUNDING * self.rule.usd:
                return seconds
        return self.rule.window


class CostBudget:
    """The budget of one tenant."""

    __slots__ = ("_length", "_reserved", "_rule", "_slices", "reservations")

    def __init__(self, rule: CostBudgetRule) -> None:
        self._rule = rule
        self._length = rule.window / _SLICES
        # Numbers of slices, oldest first, with what was spent in each.
        self._slices: deque[tuple[int, float]] = deque()
        self._reserved = 0.0
        self.reservations = 0

    def reconfigure(self, rule: CostBudgetRule) -> None:
        """Go on under another rule with what was spent; another window is cut anew."""
        if rule.window != self._rule.window:
            length = rule.window / _SLICES
            spent: dict[int, float] = {}
            for number, usd in self._slices:
                # The end of a slice: spent money never expires sooner than after the window.
                moved = math.floor((number + 1) * self._length / length)
                spent[moved] = spent.get(moved, 0.0) + usd
            self._slices = deque(sorted(spent.items()))
            self._length = length
        self._rule = rule

    def standing(self, now: float) -> BudgetStanding:
        """Return the state of the budget. What was spent before the window is left out."""
        oldest = self._number(now) - _SLICES
        live = [(number, usd) for number, usd in self._slices if number >= oldest]
        return BudgetStanding(
            rule=self._rule,
            spent_usd=math.fsum(usd for _, usd in live),
            reserved_usd=self._reserved,
            leaving=tuple(
                ((number + _SLICES + 1) * self._length - now, usd) for number, usd in live
            ),
        )

    def reserve(self, usd: float, now: float) -> bool:
        """Reserve `usd`; return `False` and reserve nothing where it does not fit."""
        if not self.standing(now).covers(usd):
            return False
        self._reserved += usd
        self.reservations += 1
        return True

    def settle(self, *, reserved_usd: float, spent_usd: float, now: float) -> None:
        """Give a reservation back and book what was spent instead."""
        self.reservations -= 1
        # The last one clears the rounding of all.
        self._reserved = max(0.0, self._reserved - reserved_usd) if self.reservations else 0.0
        number = self._number(now)
        while self._slices and self._slices[0][0] < number - _SLICES:
            self._slices.popleft()
        if spent_usd > 0:
            if self._slices and self._slices[-1][0] >= number:
                number, before = self._slices.pop()
                spent_usd += before
            self._slices.append((number, spent_usd))

    def _number(self, now: float) -> int:
        return math.floor(now / self._length)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BudgetReservation:
    """What one call has reserved, to be settled once."""

    tenant: str
    usd: float


class CostBudgets:
    """The budgets of all tenants that have one, by name of the tenant."""

    __slots__ = ("_budgets", "_former")

    def __init__(self, rules: Mapping[str, CostBudgetRule]) -> None:
        self._budgets = {tenant: CostBudget(rule) for tenant, rule in rules.items()}
        # Of tenants that have none any more, whose last calls still run.
        self._former: dict[str, CostBudget] = {}

    @property
    def reservations(self) -> int:
        """How many reservations have not been settled."""
        budgets = (*self._budgets.values(), *self._former.values())
        return sum(budget.reservations for budget in budgets)

    def reconfigure(self, rules: Mapping[str, CostBudgetRule]) -> None:
        """Go on under other rules with what was spent and reserved."""
        known = self._former | self._budgets
        self._former = {
            tenant: budget
            for tenant, budget in known.items()
            if tenant not in rules and budget.reservations
        }
        self._budgets = {
            tenant: known.get(tenant) or CostBudget(rule) for tenant, rule in rules.items()
        }
        for tenant, rule in rules.items():
            self._budgets[tenant].reconfigure(rule)

    def standing(self, tenant: str, now: float) -> BudgetStanding | None:
        """Return the state of a tenant's budget, `None` without one. Changes nothing."""
        budget = self._budgets.get(tenant)
        return None if budget is None else budget.standing(now)

    def reserve(self, tenant: str, usd: float, now: float) -> BudgetReservation | None:
        """Reserve `usd` of a tenant's budget; return `None` without one.

        Raises:
            ValueError: it does not fit; callers check the standing of the same moment first.
        """
        budget = self._budgets.get(tenant)
        if budget is None:
            return None
        if not budget.reserve(usd, now):
            raise ValueError(f"{usd} dollars do not fit into the budget of `{tenant}`")
        return BudgetReservation(tenant=tenant, usd=usd)

    def settle(self, reservation: BudgetReservation, spent_usd: float, now: float) -> None:
        """Give a reservation back and book what was spent instead."""
        tenant = reservation.tenant
        budget = self._budgets.get(tenant) or self._former[tenant]
        budget.settle(reserved_usd=reservation.usd, spent_usd=spent_usd, now=now)
