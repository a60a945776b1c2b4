"""How many tokens a tenant may use: a token bucket, kept as the instant at which it is full again.

The generic cell rate algorithm (ITU-T I.371) with calls of different size. A call takes the tokens
that it is expected to use when it starts, and gives back or takes the difference when it ends, so
that concurrent calls cannot use the same tokens. A call that is larger than the whole bucket passes
once the bucket is full, or it could never be served.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenRateRule:
    """Up to `tokens` at once, and as many again spread over each `window` seconds."""

    tokens: int
    window: float

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ValueError(f"`tokens` must be at least 1, not {self.tokens}")
        if not 0 < self.window < math.inf:
            raise ValueError(f"`window` must be above 0 seconds, not {self.window}")


class TokenRate:
    """The bucket of one tenant."""

    __slots__ = ("_full_at", "_rule")

    def __init__(self, rule: TokenRateRule) -> None:
        self._rule = rule
        self._full_at = -math.inf

    def reconfigure(self, rule: TokenRateRule, now: float) -> None:
        """Go on under another rule, with the tokens that are missing in the bucket."""
        missing = max(0.0, self._full_at - now) * self._rule.tokens / self._rule.window
        self._rule = rule
        self._full_at = now + self._duration(missing)

    def take(self, tokens: int, now: float) -> float:
        """Take tokens and return 0, or return the seconds until so many may be taken."""
        full_at = max(self._full_at, now)
        duration = self._duration(tokens)
        # A call that is larger than the bucket waits until nothing is missing.
        wait = full_at + min(duration, self._rule.window) - now - self._rule.window
        if wait > self._rule.window * 1e-9:
            return wait
        self._full_at = full_at + duration
        return 0.0

    def settle(self, *, taken: int, used: int) -> None:
        """Take the tokens that a call used beyond those it took, or give back what is left."""
        self._full_at += self._duration(used - taken)

    def _duration(self, tokens: float) -> float:
        """Return the seconds in which so many tokens come back."""
        return tokens * self._rule.window / self._rule.tokens


class TokenRates:
    """The buckets of all tenants that have one, by name of the tenant."""

    __slots__ = ("_rates",)

    def __init__(self, rules: Mapping[str, TokenRateRule]) -> None:
        self._rates = {tenant: TokenRate(rule) for tenant, rule in rules.items()}

    def __bool__(self) -> bool:
        """Whether a tenant has one."""
        return bool(self._rates)

    def reconfigure(self, rules: Mapping[str, TokenRateRule], now: float) -> None:
        """Go on under other rules."""
        known = self._rates
        self._rates = {
            tenant: known.get(tenant) or TokenRate(rule) for tenant, rule in rules.items()
        }
        for tenant, rule in rules.items():
            self._rates[tenant].reconfigure(rule, now)

    def take(self, tenant: str, tokens: int, now: float) -> float:
        """Take tokens of a tenant and return 0, or return the seconds until they may be taken."""
        rate = self._rates.get(tenant)
        return 0.0 if rate is None else rate.take(tokens, now)

    def settle(self, tenant: str, *, taken: int, used: int) -> None:
        """Account what a call used instead of what it took."""
        rate = self._rates.get(tenant)
        if rate is not None:
            rate.settle(taken=taken, used=used)
