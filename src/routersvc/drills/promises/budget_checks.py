"""An independent account of the budgets for extra attempts, which must never be overdrawn.

It counts every event instead of slices of time, and a deposit counts one slice longer than the
window. Its balance is thus never below that of the router's own budget, so that no rounding
explains an overdraft.
"""

from __future__ import annotations

import collections

from routersvc.domain.fleet.attempt_budgets import BudgetRule

_ROUNDING = 1e-6
_SLICE = 0.1
"""The length of a slice of the router's window, as a fraction of the window."""


class BudgetAccount:
    """The account of one policy or provider."""

    def __init__(self, rule: BudgetRule) -> None:
        self._rule = rule
        self._arrivals: collections.deque[float] = collections.deque()
        self._extra = float(rule.reserve)
        self._hedges = float(rule.hedge_reserve)

    def arrived(self, now: float) -> None:
        """Deposit for a request."""
        self._expire(now)
        self._arrivals.append(now)
        self._extra += self._rule.share
        self._hedges += self._rule.hedge_share
        self._bound()

    def spent(self, now: float, *, is_hedge: bool) -> bool:
        """Withdraw for an extra attempt; return whether the balance allowed it."""
        self._expire(now)
        self._extra -= 1
        self._hedges -= is_hedge
        covered = min(self._extra, self._hedges) >= -_ROUNDING
        # Each overdraft is reported once.
        self._extra = max(0.0, self._extra)
        self._hedges = max(0.0, self._hedges)
        return covered

    def _expire(self, now: float) -> None:
        oldest = now - self._rule.window * (1 + _SLICE) - _ROUNDING
        while self._arrivals and self._arrivals[0] < oldest:
            self._arrivals.popleft()
        self._bound()

    def _bound(self) -> None:
        requests = len(self._arrivals)
        self._extra = min(self._extra, self._rule.reserve + self._rule.share * requests)
        self._hedges = min(
            self._hedges, self._rule.hedge_reserve + self._rule.hedge_share * requests
        )
