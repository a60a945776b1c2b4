"""Refreshes expiring credentials without blocking the event loop.

    fetched ───── valid ─────▶ refresh due ───── still valid ─────▶ expired
    given at once              given at once, fetched beside it     waited for

The vendors' libraries block, so they run in a thread of their own: one at a time, however many
requests wait. A request waits only while no valid credential is cached.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure

T = TypeVar("T")

DEFAULT_AHEAD = 240.0
"""Seconds before expiry at which a refresh is due.

Below five minutes, because azure-identity returns the same token before that. Long enough for a
token endpoint to be down for some minutes unnoticed.
"""

DEFAULT_PAUSE = 10.0
"""Seconds between refreshes after one failed, and for which a new credential is not discarded."""

DEFAULT_PATIENCE = 30.0
"""The longest wait of a request for a credential, in seconds; its own timeout may end it sooner."""

_MARGIN = 5.0
"""Seconds before expiry from which a credential counts as expired: clocks differ."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Lease(Generic[T]):
    """A credential and how long it is valid: until `expires_at` in Unix time, `None` for good."""

    value: T = dataclasses.field(repr=False)
    expires_at: float | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Held(Generic[T]):
    """A lease with the instants of its arrival, of its refresh and of its expiry."""

    value: T
    since: float
    renew_at: float
    unusable_at: float


def in_thread(work: Callable[[], None]) -> None:
    """Run `work` in a daemon thread."""
    threading.Thread(target=work, name="credential-refresh", daemon=True).start()


class Refreshing(Generic[T]):
    """Caches and refreshes a credential. Belongs to one event loop.

    `fetch` returns a new credential and may block; it raises `AttemptFailedError` if it cannot.
    `clock` is Unix time. `in_background` starts blocking work and returns at once.
    """

    def __init__(
        self,
        fetch: Callable[[], Lease[T]],
        *,
        clock: Callable[[], float],
        ahead: float = DEFAULT_AHEAD,
        pause: float = DEFAULT_PAUSE,
        patience: float = DEFAULT_PATIENCE,
        in_background: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        self._fetch = fetch
        self._in_background = in_background
        self._clock = clock
        self._ahead = ahead
        self._pause = pause
        self._patience = patience
        self._held: _Held[T] | None = None
        self._flight: asyncio.Future[_Held[T] | Failure] | None = None
        self._not_before = float("-inf")

    async def current(self) -> T:
        """Return a valid credential, at once if one is cached.

        Raises:
            AttemptFailedError: none can be obtained.
        """
        held = self._held
        now = self._clock()
        if held is not None and now < held.unusable_at:
            if now >= held.renew_at and now >= self._not_before and self._flight is None:
                self._start()
            return held.value
        flight = self._flight or self._start()
        try:
            async with asyncio.timeout(self._patience):
                outcome = await asyncio.shield(flight)
        except TimeoutError:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.CONNECT,
                    message=f"no credential arrived within {self._patience:g} s",
                )
            ) from None
        if isinstance(outcome, Failure):
            raise AttemptFailedError(outcome)
        return outcome.value

    def discard(self) -> None:
        """Discard the cached credential, unless it is newer than the refused request."""
        if self._held is not None and self._clock() >= self._held.since + self._pause:
            self._held = None

    def _start(self) -> asyncio.Future[_Held[T] | Failure]:
        loop = asyncio.get_running_loop()
        flight: asyncio.Future[_Held[T] | Failure] = loop.create_future()
        self._flight = flight

        def fetch() -> None:
            outcome = self._outcome()
            # A closed loop has no waiting requests.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._land, flight, outcome)

        self._in_background(fetch)
        return flight

    def _outcome(self) -> Lease[T] | Failure:
        try:
            return self._fetch()
        except AttemptFailedError as error:
            return error.failure
        except Exception as error:  # noqa: BLE001 - the last resort: a waiting request must hear of it
            return Failure(
                failure_class=FailureClass.AUTHENTICATION,
                message=f"credential could not be obtained (`{type(error).__name__}`)",
            )

    def _land(
        self, flight: asyncio.Future[_Held[T] | Failure], outcome: Lease[T] | Failure
    ) -> None:
        self._flight = None
        now = self._clock()
        if isinstance(outcome, Failure):
            self._not_before = now + self._pause
            landed: _Held[T] | Failure = outcome
        else:
            landed = self._held = self._hold(outcome, now)
        if not flight.done():
            flight.set_result(landed)

    def _hold(self, lease: Lease[T], now: float) -> _Held[T]:
        if lease.expires_at is None:
            forever = float("inf")
            return _Held(value=lease.value, since=now, renew_at=forever, unusable_at=forever)
        lifetime = lease.expires_at - now
        return _Held(
            value=lease.value,
            since=now,
            # Half of a short life, so that not every request starts a refresh.
            renew_at=now + max(lifetime - self._ahead, lifetime / 2),
            unusable_at=lease.expires_at - _MARGIN,
        )
