"""Admits requests: draining, concurrent calls by priority, and the limits of tenants."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.measures.call_rates import CallRateRule, CallRates
from routersvc.domain.measures.token_rates import TokenRateRule, TokenRates
from routersvc.domain.outcomes.errors import (
    DrainingError,
    OverloadedError,
    TenantLimit,
    TenantRateLimitedError,
)
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.admission import leaves_room, places_for
from routersvc.domain.values import Value

PUSHBACK = 1.0
"""Seconds after which a caller that was shed may come again: long enough for calls to end."""


class Arrival(Value, frozen=True, kw_only=True):
    """When a request was admitted, on the clock of the loop and in seconds since the epoch."""

    at: float
    received_at: float


class Admission:
    """Counts what runs, and refuses what is more than `max_concurrent_calls`."""

    def __init__(
        self,
        *,
        max_concurrent_calls: int,
        tenants: Mapping[str, Tenant],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._max_concurrent_calls = max_concurrent_calls
        self._rates = CallRates(_rates(tenants))
        self._tokens = TokenRates(_token_rates(tenants))
        self._places = _places(tenants)
        self._has_many_tenants = len(tenants) > 1
        # Also of tenants without a limit, which a reload may give them.
        self._taken: Counter[str] = Counter()
        self._clock = clock
        self._wall_clock = wall_clock
        self._readings = 0
        self._idle: asyncio.Future[None] | None = None
        self.calls = 0
        """Calls that have begun and not ended."""
        self.draining = False

    def reconfigure(self, *, max_concurrent_calls: int, tenants: Mapping[str, Tenant]) -> None:
        """Go on under other limits."""
        self._max_concurrent_calls = max_concurrent_calls
        self._rates.reconfigure(_rates(tenants))
        self._tokens.reconfigure(_token_rates(tenants), self._clock())
        self._places = _places(tenants)
        self._has_many_tenants = len(tenants) > 1

    def admit(self, request: Request) -> Arrival:
        """Return when a request was admitted.

        Raises:
            RefusedError: the router does not take the request.
        """
        if self.draining:
            raise DrainingError
        priority = request.routing.priority
        places = places_for(priority, self._max_concurrent_calls)
        free = places - self.calls - self._readings
        if free <= 0:
            raise OverloadedError(priority=priority, places=places, retry_after=PUSHBACK)
        taken = self._taken[request.tenant] if self._has_many_tenants else 0
        if not leaves_room(taken=taken, free=free):
            raise OverloadedError(
                priority=priority, places=places, retry_after=PUSHBACK, taken=taken
            )
        most = self._places.get(request.tenant)
        if most is not None and self._taken[request.tenant] >= most:
            raise TenantRateLimitedError(retry_after=PUSHBACK, limit=TenantLimit.CONCURRENT_CALLS)
        arrival = Arrival(at=self._clock(), received_at=self._wall_clock())
        wait = self._rates.take(request.tenant, arrival.at)
        if wait > 0:
            raise TenantRateLimitedError(retry_after=wait)
        return arrival

    def take_tokens(self, tenant: str, tokens: int, now: float) -> None:
        """Take the tokens that a call is expected to use; `settle_tokens` accounts those it did.

        Raises:
            TenantRateLimitedError: so many are not left.
        """
        wait = self._tokens.take(tenant, tokens, now)
        if wait > 0:
            raise TenantRateLimitedError(retry_after=wait, limit=TenantLimit.TOKENS)

    def settle_tokens(self, report: RouteReport, *, taken: int) -> None:
        """Account what a call used instead of what it took."""
        if self._tokens:
            usage = report.total_usage
            used = usage.input_tokens + usage.output_tokens
            self._tokens.settle(report.tenant, taken=taken, used=used)

    def reading_begun(self, tenant: str = "") -> None:
        """Hold a place while a prompt is read without a call, for an explanation."""
        self._readings += 1
        if tenant:
            self._taken[tenant] += 1

    def reading_ended(self, tenant: str = "") -> None:
        """Give back the place of a prompt that has been read."""
        self._readings -= 1
        if tenant:
            self._give_back(tenant)
        if self._idle is not None:
            self._wake_idle()

    def begun(self, tenant: str = "") -> None:
        """Count a call that has begun."""
        self.calls += 1
        if tenant:
            self._taken[tenant] += 1

    def ended(self, tenant: str = "") -> None:
        """Count a call that has ended."""
        self.calls -= 1
        if tenant:
            self._give_back(tenant)
        if self._idle is not None:
            self._wake_idle()

    def _give_back(self, tenant: str) -> None:
        self._taken[tenant] -= 1
        if not self._taken[tenant]:
            del self._taken[tenant]

    async def wait_idle(self) -> None:
        """Wait until nothing runs."""
        while self.calls or self._readings:
            if self._idle is None:
                self._idle = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    def _wake_idle(self) -> None:
        if not self.calls and not self._readings and self._idle is not None:
            self._idle.set_result(None)
            self._idle = None


def _rates(tenants: Mapping[str, Tenant]) -> dict[str, CallRateRule]:
    return {name: tenant.rate for name, tenant in tenants.items() if tenant.rate is not None}


def _token_rates(tenants: Mapping[str, Tenant]) -> dict[str, TokenRateRule]:
    return {name: tenant.tokens for name, tenant in tenants.items() if tenant.tokens is not None}


def _places(tenants: Mapping[str, Tenant]) -> dict[str, int]:
    most = {name: tenant.max_concurrent_calls for name, tenant in tenants.items()}
    return {name: places for name, places in most.items() if places is not None}
