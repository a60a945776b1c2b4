"""How long attempts take, over a sliding window, cancelled attempts included.

`LatencyWindow` is a histogram of logarithmic buckets in the manner of DDSketch (Masson, Rim and
Lee, 2019): a quantile is off by at most `RELATIVE_ERROR`, the memory is fixed. Merging and
collapsing of sketches are left out, nothing here needs them.

An attempt that was cancelled after three seconds would have taken at least three: its latency
is censored. Leaving such attempts out, or counting three seconds as its latency, makes the
quantile fall with every hedge that wins; the hedge delay falls with it, there are more hedges, and
so on. The quantile is therefore that of the Kaplan-Meier estimator (1958), which spreads a
censored attempt over the longer latencies in the proportions of the attempts that were seen to
reach them. It is exact where nothing is censored, and sound where censoring does not depend on the
attempt's own remaining time, which holds for losers, departed callers and fixed timeouts.

`PeakEwmaLatency` is the measure of the load balancers in Finagle and Linkerd: it follows peaks at
once and recoveries slowly.
"""

from __future__ import annotations

import math

from routersvc.domain.measures.windows import SlidingWindow

RELATIVE_ERROR = 0.02
"""A hedge at a p95 that is 2 % off makes about 3 % more or fewer hedges on a heavy tail."""

SHORTEST = 0.001
"""Seconds; shorter latencies are reported as this. No call over a network is shorter."""

LONGEST = 600.0
"""Seconds; longer latencies are reported as about this. No attempt may take longer."""

_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_BUCKETS_PER_E = 1 / math.log(_GROWTH)
_LAST = math.ceil(math.log(LONGEST / SHORTEST) * _BUCKETS_PER_E)
_BLOCK_SHIFT = 4
_BLOCK = 1 << _BLOCK_SHIFT
_BLOCKS = (_LAST >> _BLOCK_SHIFT) + 1
# Far above the rounding of a few hundred products, far below one sample in a million.
_ROUNDING = 1e-9


def _bucket(value: float) -> int:
    """Return the bucket of a latency: the first up to `SHORTEST`, each other one `_GROWTH` wide."""
    if value <= SHORTEST:
        return 0
    if value >= LONGEST:
        return _LAST
    return math.ceil(math.log(value / SHORTEST) * _BUCKETS_PER_E)


def _latency_of(bucket: int) -> float:
    """Return the latency that represents a bucket: off by `RELATIVE_ERROR` at its edges."""
    if bucket == 0:
        return SHORTEST
    return min(LONGEST, SHORTEST * _GROWTH**bucket * 2 / (1 + _GROWTH))


class LatencyWindow:
    """The latencies of the last `span` seconds, all in seconds."""

    __slots__ = (
        "_block_censored",
        "_block_events",
        "_censored",
        "_count",
        "_events",
        "_window",
    )

    def __init__(self, *, span: float, slices: int = 10) -> None:
        # Whole blocks, so that the walk over one never runs past the end.
        self._events = [0] * (_BLOCKS << _BLOCK_SHIFT)
        self._censored = [0] * (_BLOCKS << _BLOCK_SHIFT)
        self._block_events = [0] * _BLOCKS
        self._block_censored = [0] * _BLOCKS
        self._count = 0
        # A slice counts by bucket; the complement of a bucket counts what was censored in it.
        self._window: SlidingWindow[dict[int, int]] = SlidingWindow(
            span=span, slices=slices, new=dict[int, int], forget=self._forget
        )

    def record(self, value: float, now: float) -> None:
        """Record an attempt that took `value`."""
        counts = self._window.current(now)
        bucket = _bucket(value)
        counts[bucket] = counts.get(bucket, 0) + 1
        self._events[bucket] += 1
        self._block_events[bucket >> _BLOCK_SHIFT] += 1
        self._count += 1

    def record_censored(self, value: float, now: float) -> None:
        """Record an attempt that was cancelled after `value`: it would have taken longer."""
        counts = self._window.current(now)
        bucket = _bucket(value)
        counts[~bucket] = counts.get(~bucket, 0) + 1
        self._censored[bucket] += 1
        self._block_censored[bucket >> _BLOCK_SHIFT] += 1
        self._count += 1

    def count(self, now: float) -> int:
        """Return how many attempts are in the window, censored ones included."""
        self._window.current(now)
        return self._count

    def quantile(self, q: float, now: float) -> float | None:
        """Return the latency that the share `q` of attempts does not exceed; `None` without any.

        Where too many were cancelled to know it, the greatest latency in the window is returned:
        the true quantile is no smaller.

        Raises:
            ValueError: `q` does not lie between 0 and 1.
        """
        if not 0 < q < 1:
            raise ValueError(f"`q` must lie between 0 and 1, not {q}")
        self._window.current(now)
        if not self._count:
            return None
        target = 1 - q + _ROUNDING
        survival = 1.0
        at_risk = self._count
        for block, events in enumerate(self._block_events):
            censored = self._block_censored[block]
            if not events:
                at_risk -= censored
            elif not censored and survival * (at_risk - events) / at_risk > target:
                # Without censoring the product over a block's buckets is that of the block.
                survival *= (at_risk - events) / at_risk
                at_risk -= events
            else:
                start = block << _BLOCK_SHIFT
                for bucket in range(start, start + _BLOCK):
                    ended = self._events[bucket]
                    if ended:
                        survival *= (at_risk - ended) / at_risk
                        if survival <= target:
                            return _latency_of(bucket)
                    # What was censored in a bucket was still there when the others of it ended.
                    at_risk -= ended + self._censored[bucket]
        return _latency_of(self._greatest())

    def _greatest(self) -> int:
        return next(
            bucket
            for bucket in range(_LAST, -1, -1)
            if self._events[bucket] or self._censored[bucket]
        )

    def _forget(self, counts: dict[int, int]) -> None:
        for bucket, count in counts.items():
            self._count -= count
            if bucket >= 0:
                self._events[bucket] -= count
                self._block_events[bucket >> _BLOCK_SHIFT] -= count
            else:
                self._censored[~bucket] -= count
                self._block_censored[~bucket >> _BLOCK_SHIFT] -= count
        counts.clear()


class PeakEwmaLatency:
    """A moving average of latency that jumps to every peak and comes down over `decay` seconds.

    Raises:
        ValueError: `decay` is not above 0 seconds.
    """

    __slots__ = ("_at", "_decay", "_value")

    def __init__(self, *, decay: float = 10.0) -> None:
        if not decay > 0:
            raise ValueError(f"`decay` must be above 0 seconds, not {decay}")
        self._decay = decay
        self._value: float | None = None
        self._at = -math.inf

    def clear(self) -> None:
        """Forget everything."""
        self._value = None
        self._at = -math.inf

    def fading(self, now: float) -> tuple[float, float] | None:
        """Return the average and the share of it that is believed; `None` before the first."""
        if self._value is None:
            return None
        return self._value, math.exp((self._at - now) / self._decay)

    def observe(self, value: float, now: float) -> None:
        """Record a latency of `value` seconds."""
        last = self._value
        if last is None or value >= last:
            self._value = value
        else:
            self._value = value + (last - value) * math.exp((self._at - now) / self._decay)
        self._at = now

    def observe_at_least(self, value: float, now: float) -> None:
        """Record an attempt that was cancelled after `value` seconds: only raises the average."""
        if self._value is None or value >= self._value:
            self._value = value
            self._at = now
