"""How fast one deployment answers one class of request, now and usually.

The usual latency is a slow average of the window's p95. It rises over minutes and falls over
seconds, so that an outage stands out for as long as it is worth acting on.
"""

from __future__ import annotations

import dataclasses
import math

from routersvc.domain.measures.latencies import LatencyWindow

_WATCHED = 0.95
_REFRESH = 0.25
"""Seconds for which a view is kept: a window of minutes hardly changes in that time."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LatencyView:
    """Latencies in seconds: the median, the requested percentile, and how unusual they are.

    `surge` is today's p95 as a multiple of the usual one, `None` where too little is known.
    """

    samples: int
    median: float
    percentile: float
    surge: float | None = None


class UsualLatency:
    """A latency averaged over minutes, on a logarithmic scale.

    Raises:
        ValueError: `rise` or `fall`, the time constants in seconds, is not above 0.
    """

    __slots__ = ("_at", "_fall", "_rise", "value")

    def __init__(self, *, rise: float = 600.0, fall: float = 60.0) -> None:
        if not rise > 0 or not fall > 0:
            raise ValueError("`rise` and `fall` must be above 0 seconds")
        self._rise = rise
        self._fall = fall
        self._at = 0.0
        self.value: float | None = None

    def observe(self, value: float, now: float) -> None:
        """Add a latency of `value` seconds, above 0, at `now`."""
        if self.value is None:
            self.value = value
        else:
            constant = self._rise if value > self.value else self._fall
            believed = 1 - math.exp((self._at - now) / constant)
            self.value *= (value / self.value) ** believed
        self._at = now


class LatencyHistory:
    """Times to first content of one deployment for one class of request, in seconds.

    The usual latency and surges are known from `min_samples` in the window on.
    """

    __slots__ = ("_min_samples", "_next_refresh", "_usual", "_views", "_views_end", "window")

    def __init__(self, *, span: float = 120.0, min_samples: int = 100) -> None:
        self.window = LatencyWindow(span=span)
        self._usual = UsualLatency()
        self._min_samples = min_samples
        self._next_refresh = -math.inf
        self._views: dict[float, LatencyView] = {}
        self._views_end = -math.inf

    def record(self, value: float, now: float) -> None:
        """Record a time to first content."""
        self.window.record(value, now)
        if now >= self._next_refresh:
            self._update_usual(now)

    def record_censored(self, value: float, now: float) -> None:
        """Record an attempt that was cancelled without content after `value` seconds."""
        self.window.record_censored(value, now)
        if now >= self._next_refresh:
            self._update_usual(now)

    def view(self, percentile: float, now: float) -> LatencyView | None:
        """Return what is known, `None` without samples. Changes nothing.

        A view that `refresh` kept is returned as it is for a quarter of a second.
        """
        kept = self._views.get(percentile) if now < self._views_end else None
        return self._computed(percentile, now) if kept is None else kept

    def refresh(self, percentile: float, now: float) -> LatencyView | None:
        """Return what is known, and keep it for the next quarter of a second, if none is kept.

        Views are computed from the whole window; busy deployments are read far more often.
        """
        if now >= self._views_end:
            self._views.clear()
            self._views_end = now + _REFRESH
        view = self._views.get(percentile)
        if view is None:
            view = self._computed(percentile, now)
            if view is not None:
                self._views[percentile] = view
        return view

    def _computed(self, percentile: float, now: float) -> LatencyView | None:
        median = self.window.quantile(0.5, now)
        value = self.window.quantile(percentile, now)
        if median is None or value is None:
            return None
        samples = self.window.count(now)
        usual = self._usual.value
        surge = None
        if usual is not None and samples >= self._min_samples:
            watched = value if percentile == _WATCHED else self.window.quantile(_WATCHED, now)
            surge = None if watched is None else watched / usual
        return LatencyView(samples=samples, median=median, percentile=value, surge=surge)

    def _update_usual(self, now: float) -> None:
        self._next_refresh = now + _REFRESH
        if self.window.count(now) >= self._min_samples:
            watched = self.window.quantile(_WATCHED, now)
            if watched is not None:
                self._usual.observe(watched, now)
