"""How often a tenant may call: a token bucket, kept as the instant at which it is full again.

The generic cell rate algorithm (ITU-T I.371): a call moves that instant on by its share of the
window, and is refused where it would lie further ahead than a whole window.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallRateRule:
    """Up to `calls` at once, and as many again spread over each `window` seconds."""

    calls: int
    window: float

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise ValueError(f"`calls` must be at least 1, not {self.calls}")
        if not 0 < self.window < math.inf:
            raise ValueError(f"`window` must be above 0 seconds, not {self.window}")


class CallRate:
    """The bucket of one tenant."""

    __slots__ = ("_full_at", "_rule", "_share")

    def __init__(self, rule: CallRateRule) -> None:
        self._rule = rule
        self._share = rule.window / rule.calls
        self._full_at = -math.inf

    def reconfigure(self, rule: CallRateRule) -> None:
        """Go on under another rule, with the part of the bucket that is left."""
        self._rule = rule
        self._share = rule.window / rule.calls

    def take(self, now: float) -> float:
        """Let a call pass and return 0, or return the seconds until one may pass."""
        # A window that was longer before locks nobody out for longer than the one in force.
        before = min(self._full_at, now + self._rule.window)
        full_at = max(before, now) + self._share
        # A share is rounded, and so is the sum of all.
        wait = full_at - now - self._rule.window
        if wait > self._share * 1e-6:
            return wait
        self._full_at = full_at
        return 0.0


class CallRates:
    """The buckets of all tenants that have one, by name of the tenant."""

    __slots__ = ("_rates",)

    def __init__(self, rules: Mapping[str, CallRateRule]) -> None:
        self._rates = {tenant: CallRate(rule) for tenant, rule in rules.items()}

    def reconfigure(self, rules: Mapping[str, CallRateRule]) -> None:
        """Go on under other rules."""
        known = self._rates
        self._rates = {
            tenant: known.get(tenant) or CallRate(rule) for tenant, rule in rules.items()
        }
        for tenant, rule in rules.items():
            self._rates[tenant].reconfigure(rule)

    def take(self, tenant: str, now: float) -> float:
        """Let a call of a tenant pass and return 0, or return the seconds until one may pass."""
        rate = self._rates.get(tenant)
        return 0.0 if rate is None else rate.take(now)
