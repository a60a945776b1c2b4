"""Admits requests: draining, concurrent calls by priority, and the call rates of tenants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.measures.call_rates import CallRates
from routersvc.domain.outcomes.errors import DrainingError, OverloadedError, TenantRateLimitedError
from routersvc.domain.planning.admission import places_for
from routersvc.domain.values import Value

PUSHBACK = 1.0
"""Seconds after which a caller that was shed may come again: long enough for calls to end."""


class Arrival(Value, frozen=True, kw_only=True):
    """When a request was admitted, on the clock of the loop and in seconds since the epoch."""

    at: float
    received_at: float


class _Readings:
    """Counts the prompts that are read: entered for each, as often as there are."""

    __slots__ = ("_ended", "count")

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.count -= 1
        self._ended()


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
        self._rates = CallRates(
            {name: tenant.rate for name, tenant in tenants.items() if tenant.rate is not None}
        )
        self._clock = clock
        self._wall_clock = wall_clock
        self._readings = _Readings(self._wake_idle)
        self._idle: asyncio.Future[None] | None = None
        self.calls = 0
        """Calls that have begun and not ended."""
        self.draining = False

    def admit(self, request: Request) -> Arrival:
        """Return when a request was admitted.

        Raises:
            RefusedError: the router does not take the request.
        """
        if self.draining:
            raise DrainingError
        priority = request.routing.priority
        places = places_for(priority, self._max_concurrent_calls)
        if self.calls + self._readings.count >= places:
            raise OverloadedError(priority=priority, places=places, retry_after=PUSHBACK)
        arrival = Arrival(at=self._clock(), received_at=self._wall_clock())
        wait = self._rates.take(request.tenant, arrival.at)
        if wait > 0:
            raise TenantRateLimitedError(retry_after=wait)
        return arrival

    def reading(self) -> _Readings:
        """Hold a place while a prompt is read, before a call begins or instead of one."""
        return self._readings

    def begun(self) -> None:
        """Count a call that has begun."""
        self.calls += 1

    def ended(self) -> None:
        """Count a call that has ended."""
        self.calls -= 1
        self._wake_idle()

    async def wait_idle(self) -> None:
        """Wait until nothing runs."""
        while self.calls or self._readings.count:
            if self._idle is None:
                self._idle = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    def _wake_idle(self) -> None:
        if not self.calls and not self._readings.count and self._idle is not None:
            self._idle.set_result(None)
            self._idle = None
