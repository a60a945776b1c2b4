"""When a connection is pinged, drained and closed: keepalive, idle time, age, abusive pings.

The rules are those of gRPC's core (proposals A8 and A9), with the options of `KeepaliveOptions`.
Synchronous; times are seconds of any one clock.
"""

from __future__ import annotations

import enum

from routersvc.grpc_api.server_options import KeepaliveOptions

MAX_PING_STRIKES = 2
"""Pings that may come too early; one more closes the connection."""

IDLE_PING_INTERVAL = 7_200.0
"""The shortest interval of a peer's pings without calls, where they are not permitted."""

AGE_JITTER = 0.1
"""The share by which the maximum age of connections varies."""

DRAIN_TIMEOUT = 5.0
"""The longest wait for a peer's answer before the last GOAWAY."""


LINGER = 1.0
"""Seconds that a peer has to read the last frames before its connection is cut."""

UNREAD_LINGER = 10.0
"""Seconds that the end of an answer waits for a caller that does not read, at least."""


class Step(enum.Enum):
    """What a connection does next."""

    WAIT = enum.auto()
    PING = enum.auto()
    DRAIN = enum.auto()
    """Refuse new calls with the first GOAWAY."""
    LAST_GOAWAY = enum.auto()
    CLOSE = enum.auto()
    """Close now: the peer is dead, or has had its time."""


class Lifetime:
    """The clock of one connection. `age_share` in [-1, 1] varies its maximum age."""

    __slots__ = (
        "_age",
        "_drained_at",
        "_draining_since",
        "_handshake_end",
        "_idle_since",
        "_last_ping",
        "_options",
        "_pinged_at",
        "_strikes",
        "heard_at",
        "is_shaken",
    )

    def __init__(
        self, options: KeepaliveOptions, *, handshake_timeout: float, age_share: float, now: float
    ) -> None:
        self._options = options
        self._handshake_end = now + handshake_timeout
        self.is_shaken = False
        age = options.max_connection_age
        self._age = None if age is None else now + age * (1 + AGE_JITTER * age_share)
        self._idle_since: float | None = now
        self._draining_since: float | None = None
        self._drained_at: float | None = None
        self._pinged_at: float | None = None
        self._last_ping: float | None = None
        self._strikes = 0
        self.heard_at = now
        """When something was last received; set by the connection."""

    @property
    def is_draining(self) -> bool:
        """Whether the first GOAWAY was sent."""
        return self._draining_since is not None

    @property
    def has_said_goodbye(self) -> bool:
        """Whether the last GOAWAY was sent."""
        return self._drained_at is not None

    def shaken(self) -> None:
        """Note that the handshake is complete."""
        self.is_shaken = True

    def busy(self) -> None:
        """Note that a call runs."""
        self._idle_since = None

    def idle(self, now: float) -> None:
        """Note that no call runs any more."""
        self._idle_since = now

    def draining(self, now: float) -> None:
        """Note that the first GOAWAY was sent."""
        if self._draining_since is None:
            self._draining_since = now

    def said_goodbye(self, now: float) -> None:
        """Note that the last GOAWAY was sent."""
        self._drained_at = now

    def sent(self) -> None:
        """Note that a response sent data: clients may ping to measure the bandwidth."""
        self._strikes = 0
        self._last_ping = None

    def ping_received(self, now: float) -> bool:
        """Return whether the peer has pinged too often."""
        options = self._options
        interval = options.min_recv_ping_interval_without_data
        if self._idle_since is not None and not options.permit_without_calls:
            interval = IDLE_PING_INTERVAL
        last, self._last_ping = self._last_ping, now
        if last is not None and now < last + interval:
            self._strikes += 1
        return self._strikes > MAX_PING_STRIKES

    def step(self, now: float) -> Step:
        """Return what is due; ask again after each step but `WAIT` and `CLOSE`."""
        options = self._options
        if not self.is_shaken and now >= self._handshake_end:
            return Step.CLOSE
        if self._drained_at is not None:
            grace = options.max_connection_age_grace
            if grace is not None and now >= (self._draining_since or now) + grace:
                return Step.CLOSE
        elif self._draining_since is not None:
            if now >= self._draining_since + DRAIN_TIMEOUT:
                return Step.LAST_GOAWAY
        elif self._is_old(now) or self._is_unused(now):
            return Step.DRAIN
        return self._keepalive(now)

    def next_due(self, now: float) -> float:
        """Return when `step` can next return something else than `WAIT`, at the earliest."""
        options = self._options
        times = [self.heard_at + options.time, now + options.time]
        if self._pinged_at is not None:
            times.append(self._pinged_at + options.timeout)
        if not self.is_shaken:
            times.append(self._handshake_end)
        if self._draining_since is None:
            if self._age is not None:
                times.append(self._age)
            if options.max_connection_idle is not None:
                since = now if self._idle_since is None else self._idle_since
                times.append(since + options.max_connection_idle)
        elif self._drained_at is None:
            times.append(self._draining_since + DRAIN_TIMEOUT)
        elif options.max_connection_age_grace is not None:
            times.append(self._draining_since + options.max_connection_age_grace)
        return min(time for time in times if time > now)

    def _is_old(self, now: float) -> bool:
        return self._age is not None and now >= self._age

    def _is_unused(self, now: float) -> bool:
        limit = self._options.max_connection_idle
        since = self._idle_since
        return limit is not None and since is not None and now >= since + limit

    def _keepalive(self, now: float) -> Step:
        options = self._options
        if self._pinged_at is not None:
            if self.heard_at >= self._pinged_at:
                self._pinged_at = None
            elif now >= self._pinged_at + options.timeout:
                return Step.CLOSE
            else:
                return Step.WAIT
        is_wanted = options.permit_without_calls or self._idle_since is None
        if is_wanted and now >= self.heard_at + options.time:
            self._pinged_at = now
            return Step.PING
        return Step.WAIT
