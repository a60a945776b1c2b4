"""The rate limits of a provider: two leaky buckets, of requests and of tokens per minute.

The headers of an answer report the levels after its request was counted.
"""

from __future__ import annotations

from routersvc.simulator.behaviours.behaviours import RateLimit
from routersvc.simulator.formats.replies import Headroom

_MINUTE = 60.0


class RateLimiter:
    """Counts requests and tokens against the limits of one provider."""

    def __init__(self) -> None:
        self._requests = 0.0
        self._tokens = 0.0
        self._counted_at = 0.0

    def wait_for(self, limit: RateLimit, tokens: int, now: float) -> float:
        """Return the seconds until a request with this many tokens fits; 0 if it fits now."""
        self._leak(limit, now)
        over_requests = self._requests + 1 - limit.requests_per_minute
        over_tokens = self._tokens + tokens - limit.tokens_per_minute
        wait = max(
            over_requests * _MINUTE / limit.requests_per_minute,
            over_tokens * _MINUTE / limit.tokens_per_minute,
        )
        # Rounding errors of the levels must not cause a wait.
        return wait if wait > 1e-6 else 0.0  # noqa: PLR2004 - a microsecond

    def count(self, limit: RateLimit, tokens: int, now: float) -> None:
        """Count an accepted request."""
        self._leak(limit, now)
        self._requests += 1
        self._tokens += tokens

    def headroom(self, limit: RateLimit, now: float) -> Headroom:
        """Return the remaining limits."""
        self._leak(limit, now)
        return Headroom(
            limit_requests=limit.requests_per_minute,
            limit_tokens=limit.tokens_per_minute,
            remaining_requests=max(0, int(limit.requests_per_minute - self._requests)),
            remaining_tokens=max(0, int(limit.tokens_per_minute - self._tokens)),
            requests_reset=self._requests * _MINUTE / limit.requests_per_minute,
            tokens_reset=self._tokens * _MINUTE / limit.tokens_per_minute,
        )

    def _leak(self, limit: RateLimit, now: float) -> None:
        passed = max(0.0, now - self._counted_at) / _MINUTE
        self._counted_at = max(now, self._counted_at)
        self._requests = max(0.0, self._requests - passed * limit.requests_per_minute)
        self._tokens = max(0.0, self._tokens - passed * limit.tokens_per_minute)
