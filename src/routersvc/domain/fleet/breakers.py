"""Stops calling a deployment that fails, and probes with single calls until it has recovered.

A breaker opens on failures and timeouts in a row, whatever the traffic (Envoy's outlier detection,
Finagle's failure accrual), on a success rate below a floor over a sliding window (both), or on too
many slow calls (Resilience4j).
The open time grows with every opening, is shortened at random so that replicas do not probe in
step, and is forgiven window by window while the breaker stays closed (Envoy's ejection
multiplier). When it is over, calls are let through one at a time until enough have
succeeded (Finagle's probes; Resilience4j admits a fixed number at once), then traffic returns
slowly (Envoy's slow start).

Left out: Envoy's comparison with the other hosts and its limit on ejected hosts (when all
are open, the caller of `force` tries the least bad one), and windows of a number of calls, whose
meaning depends on the traffic.

Every call holds a lease and gives it back exactly once. Results of calls that were admitted before
an opening change nothing after it, and a cancelled probe makes room for the next. A probe whose
lease is never given back expires after `probe_timeout`.
"""

from __future__ import annotations

import dataclasses
import math
import random as random_module
from typing import assert_never

from routersvc.domain.fleet.breaker_health import BreakerHealth, BreakerState
from routersvc.domain.measures.success_rates import SuccessRateWindow
from routersvc.domain.outcomes.failure_rules import BreakerEffect
from routersvc.domain.values import Record


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BreakerRule:
    """When a breaker opens, for how long, and how it closes. Times are seconds, rates shares of 1.

    It opens after `consecutive_failures`, or where at least `min_calls` ended within `window` and
    fewer than `min_success_rate` succeeded or at least `max_slow_rate` took `slow_call_duration` or
    longer (`None`: no call is slow). It stays open for `open_time`, `open_growth` times longer at
    every further opening up to `max_open_time`; up to the share `open_jitter` of it is taken off at
    random. `probe_successes` close it. For `slow_start` after that its share of the traffic grows
    from `slow_start_share` to 1. `probe_timeout` has to exceed the longest attempt.
    """

    consecutive_failures: int = 5
    min_success_rate: float = 0.8
    min_calls: int = 10
    window: float = 30.0
    slow_call_duration: float | None = None
    max_slow_rate: float = 0.5
    open_time: float = 1.0
    open_growth: float = 2.0
    max_open_time: float = 60.0
    open_jitter: float = 0.2
    probe_successes: int = 2
    probe_timeout: float = 150.0
    slow_start: float = 10.0
    slow_start_share: float = 0.1

    def __post_init__(self) -> None:
        for name in ("consecutive_failures", "min_calls", "probe_successes"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, not {getattr(self, name)}")
        for name in ("min_success_rate", "max_slow_rate", "slow_start_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f"`{name}` must be above 0 and at most 1, not {getattr(self, name)}"
                )
        for name in ("window", "probe_timeout", "slow_start"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` must be above 0 seconds, not {getattr(self, name)}")
        if self.slow_call_duration is not None and not self.slow_call_duration > 0:
            raise ValueError("`slow_call_duration` must be above 0 seconds, or unset")
        if not 0 < self.open_time <= self.max_open_time < math.inf:
            raise ValueError("`open_time` is above 0 seconds and at most `max_open_time`")
        if not self.open_growth >= 1:
            raise ValueError(f"`open_growth` must be at least 1, not {self.open_growth}")
        if not 0 <= self.open_jitter < 1:
            raise ValueError(
                f"`open_jitter` must be at least 0 and below 1, not {self.open_jitter}"
            )

    def is_slow(self, latency: float) -> bool:
        """Whether a call that took `latency` seconds is a slow one."""
        return self.slow_call_duration is not None and latency >= self.slow_call_duration


class BreakerLease(Record, kw_only=True, eq=False):
    """The right to make one call, given back exactly once. A `probe` decides on the recovery."""

    opening: int
    probe: bool = False
    forced: bool = False
    settled: bool = False


class Breaker:
    """The circuit breaker of one deployment.

    `is_open` says whether it has opened and not closed since, half-open included.
    """

    __slots__ = (
        "_closed_at",
        "_consecutive_failures",
        "_growths",
        "_open_time",
        "_openings",
        "_outcomes",
        "_probe",
        "_probe_expires_at",
        "_probe_successes",
        "_probes_from",
        "_random",
        "is_open",
        "rule",
    )

    def __init__(self, rule: BreakerRule, *, random: random_module.Random) -> None:
        self.rule = rule
        self._random = random
        self._outcomes = SuccessRateWindow(span=rule.window)
        self._consecutive_failures = 0
        self._openings = 0
        self._growths = 0
        self._open_time = rule.open_time
        self.is_open = False
        self._probes_from = -math.inf
        self._probe: BreakerLease | None = None
        self._probe_expires_at = -math.inf
        self._probe_successes = 0
        self._closed_at: float | None = None

    def reconfigure(self, rule: BreakerRule) -> None:
        """Go on under another rule in the same state; another window begins to count anew."""
        if rule.window != self.rule.window:
            self._outcomes = SuccessRateWindow(span=rule.window)
        self.rule = rule

    @property
    def openings(self) -> int:
        """How often it has opened."""
        return self._openings

    def admits(self, now: float) -> bool:
        """Whether `admit` would return a lease. Changes nothing."""
        if not self.is_open:
            return True
        return now >= self._probes_from and (self._probe is None or now >= self._probe_expires_at)

    def admit(self, now: float) -> BreakerLease | None:
        """Return the right to call now, or `None` while open or while a probe is out."""
        if not self.is_open:
            return BreakerLease(opening=self._openings)
        if not self.admits(now):
            return None
        probe = BreakerLease(opening=self._openings, probe=True)
        self._probe = probe
        self._probe_expires_at = now + self.rule.probe_timeout
        return probe

    def force(self, now: float) -> BreakerLease:
        """Return the right to call in any state: the least bad choice when all are open.

        Least bad is the one with the earliest `next_probe_at`. A success counts like that of a
        probe, a failure changes nothing.
        """
        return self.admit(now) or BreakerLease(opening=self._openings, forced=True)

    def answered(self, lease: BreakerLease, now: float, *, slow: bool = False) -> None:
        """Record the first content on a lease that is not given back yet.

        It is the success of a probe: recovery does not wait for the end of a long stream. The end
        of the stream counts like the outcome of any call.
        """
        if self.is_open and lease.opening == self._openings:
            self._proved(lease, now, slow=slow)

    def succeeded(self, lease: BreakerLease, now: float, *, slow: bool = False) -> None:
        """Give back the lease of a complete answer; `slow` is that of `BreakerRule.is_slow`."""
        if not self._settle(lease):
            return
        if not self.is_open:
            self._consecutive_failures = 0
            self._outcomes.succeeded(now, slow=slow)
            if slow and self._is_too_bad(now):
                self._open(now)
        else:
            self._proved(lease, now, slow=slow)

    def failed(self, lease: BreakerLease, now: float, effect: BreakerEffect) -> None:
        """Give back the lease of a failed call.

        A probe that is refused (`RATE_ONLY`) opens the breaker for as long as before: a deployment
        that refuses is reachable.
        """
        if effect is BreakerEffect.NOTHING:
            self.released(lease)
        elif self._settle(lease):
            if not self.is_open:
                self._count_failure(effect, now)
            elif lease is self._probe:
                self._open(now, grow=effect is not BreakerEffect.RATE_ONLY)

    def released(self, lease: BreakerLease) -> None:
        """Give back a lease without an outcome: the attempt was cancelled or refused locally."""
        if self._settle(lease) and lease is self._probe:
            self._probe = None

    def probe_soon(self, now: float) -> None:
        """Let the next call probe without waiting: an active check succeeded."""
        self._probes_from = min(self._probes_from, now)

    def state(self, now: float) -> BreakerState:
        """Return the state at `now`."""
        if not self.is_open:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._probes_from else BreakerState.HALF_OPEN

    def next_probe_at(self, now: float) -> float | None:
        """Return when the open time ends, not before `now`; `None` while closed.

        While a probe is out it is `now`: the breaker may close at any moment.
        """
        return max(now, self._probes_from) if self.is_open else None

    def share(self, now: float) -> float:
        """Return the share of its usual traffic that the deployment should get, from 0 to 1."""
        if self.is_open:
            return 0.0
        if self._closed_at is None:
            return 1.0
        ramp = (now - self._closed_at) / self.rule.slow_start
        return min(1.0, max(self.rule.slow_start_share, ramp))

    def snapshot(self, now: float) -> BreakerHealth:
        """Return what operators see. Changes nothing."""
        is_open = self.state(now) is BreakerState.OPEN
        return BreakerHealth(
            state=self.state(now),
            next_probe_delay=self._probes_from - now if is_open else None,
            consecutive_failures=self._consecutive_failures,
            opened_total=self._openings,
        )

    def _settle(self, lease: BreakerLease) -> bool:
        """Mark the lease as given back; return whether it was made in the current opening."""
        if lease.settled:
            raise AssertionError("a breaker's lease is given back exactly once")
        lease.settled = True
        return lease.opening == self._openings

    def _count_failure(self, effect: BreakerEffect, now: float) -> None:
        match effect:
            case BreakerEffect.FAILURE:
                self._consecutive_failures += 1
                self._outcomes.failed(now)
            case BreakerEffect.RATE_ONLY:
                self._outcomes.failed(now)
            case BreakerEffect.SLOW_CALL:
                self._consecutive_failures += 1
                self._outcomes.failed(now, slow=True)
            case BreakerEffect.NOTHING:
                raise AssertionError("what counts as nothing is not counted")
            case _:
                assert_never(effect)
        if self._is_too_bad(now):
            self._open(now)

    def _is_too_bad(self, now: float) -> bool:
        rule = self.rule
        if self._consecutive_failures >= rule.consecutive_failures:
            return True
        outcomes = self._outcomes.outcomes(now)
        if outcomes.calls < rule.min_calls:
            return False
        return (
            outcomes.successes < rule.min_success_rate * outcomes.calls
            or outcomes.slow >= rule.max_slow_rate * outcomes.calls
        )

    def _open(self, now: float, *, grow: bool = True) -> None:
        rule = self.rule
        if not self.is_open and self._closed_at is not None:
            forgiven = int((now - self._closed_at) // rule.window)
            self._growths = max(0, self._growths - forgiven)
        if grow:
            grown = rule.open_time * rule.open_growth**self._growths
            self._open_time = min(rule.max_open_time, grown)
            # Not beyond the longest, which would take for ever to forgive.
            self._growths += grown < rule.max_open_time
        self.is_open = True
        self._openings += 1
        self._probes_from = now + self._open_time * (1 - rule.open_jitter * self._random.random())
        self._probe = None
        self._probe_successes = 0

    def _proved(self, lease: BreakerLease, now: float, *, slow: bool) -> None:
        """Learn from a success while open: of the probe, or of a call that was forced."""
        if lease is self._probe:
            self._probe = None
            if slow:
                self._open(now)
                return
        elif not lease.forced or slow:
            return
        lease.forced = False
        self._probes_from = min(self._probes_from, now)
        self._probe_successes += 1
        if self._probe_successes >= self.rule.probe_successes:
            self._close(now)

    def _close(self, now: float) -> None:
        self.is_open = False
        self._closed_at = now
        self._consecutive_failures = 0
        self._outcomes.clear()
