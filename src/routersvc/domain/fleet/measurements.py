"""What calls of one deployment have shown lately: outcomes, latencies and speed."""

from __future__ import annotations

import collections
import math

from routersvc.domain.conversation.usage import Usage
from routersvc.domain.fleet.health import Quantiles
from routersvc.domain.measures.latencies import LatencyWindow
from routersvc.domain.measures.latency_histories import LatencyHistory, LatencyView
from routersvc.domain.measures.success_rates import SuccessRate, SuccessRateWindow
from routersvc.domain.planning.live_stats import LiveStats

LATE = 0.95
"""The percentile of latencies that plans and rescues count with: one call in twenty is slower."""

LATENCY_SPAN = 120.0
"""Seconds of latencies that are kept: long enough for a p99 at one call per second."""

_KEPT = 0.25
"""Seconds for which values of a whole window are kept between calls."""

_SPEEDS = 64
"""Answers whose speed is kept: the median of so many is steady within a few per cent."""


class Measurements:
    """The measurements of one deployment, over sliding windows. Latencies are seconds.

    `first_contents` are the times to first content, of streams (`True`) and of whole answers. Reads
    change nothing. What is refreshed is shared by the next reads of a busy deployment.
    """

    __slots__ = (
        "_durations",
        "_live_stats",
        "_live_stats_end",
        "_outcome_span",
        "_outcomes",
        "_speeds",
        "_usual_duration",
        "_usual_duration_end",
        "first_contents",
    )

    def __init__(self, *, outcome_span: float) -> None:
        self._outcome_span = outcome_span
        self._outcomes = SuccessRateWindow(span=outcome_span)
        self.first_contents = {True: LatencyHistory(), False: LatencyHistory()}
        self._durations = LatencyWindow(span=LATENCY_SPAN)
        self._speeds: collections.deque[float] = collections.deque(maxlen=_SPEEDS)
        self._live_stats: dict[bool, LiveStats] = {}
        self._live_stats_end = -math.inf
        self._usual_duration: float | None = None
        self._usual_duration_end = -math.inf

    def reconfigure(self, outcome_span: float) -> None:
        """Go on with another window of outcomes, which begins to count anew."""
        if outcome_span != self._outcome_span:
            self._outcome_span = outcome_span
            self._outcomes = SuccessRateWindow(span=outcome_span)

    def first_content(self, latency: float, *, streaming: bool, now: float) -> None:
        """Record a time to first content."""
        self.first_contents[streaming].record(latency, now)

    def no_content(self, waited: float, *, streaming: bool, now: float) -> None:
        """Record an attempt that ended without content after `waited` seconds."""
        self.first_contents[streaming].record_censored(waited, now)

    def succeeded(self, duration: float, usage: Usage | None, now: float) -> None:
        """Record a complete answer."""
        self._outcomes.succeeded(now)
        self._durations.record(duration, now)
        if usage is not None and usage.output_tokens and duration > 0:
            self._speeds.append(usage.output_tokens / duration)

    def failed(self, now: float) -> None:
        """Record a failure of the deployment."""
        self._outcomes.failed(now)

    def forget_live_stats(self) -> None:
        """Drop the live stats that are kept: a call has shown something new."""
        self._live_stats.clear()

    def live_stats(self, now: float, *, streaming: bool) -> LiveStats:
        """Return what planning ranks by. Changes nothing."""
        return self.kept_live_stats(now, streaming=streaming) or self._computed_live_stats(
            now, streaming=streaming
        )

    def kept_live_stats(self, now: float, *, streaming: bool) -> LiveStats | None:
        """Return the live stats that `refresh_live_stats` keeps, `None` for none."""
        return self._live_stats.get(streaming) if now < self._live_stats_end else None

    def refresh_live_stats(self, now: float, *, streaming: bool) -> None:
        """Keep the live stats of this moment until the next call, a quarter second at most."""
        self.first_contents[streaming].refresh(LATE, now)
        if now >= self._live_stats_end:
            self._live_stats.clear()
            self._live_stats_end = now + _KEPT
        self._live_stats[streaming] = self._computed_live_stats(now, streaming=streaming)

    def usual_duration(self, now: float) -> float | None:
        """Return the seconds in which 19 of 20 whole answers come; `None` where none is known."""
        if now < self._usual_duration_end:
            return self._usual_duration
        return self._durations.quantile(LATE, now)

    def refreshed_latency(
        self, percentile: float, *, streaming: bool, now: float
    ) -> LatencyView | None:
        """Return the times to first content; keep them and the usual duration of this moment.

        They are kept for a quarter of a second.
        """
        if now >= self._usual_duration_end:
            self._usual_duration = self._durations.quantile(LATE, now)
            self._usual_duration_end = now + _KEPT
        return self.first_contents[streaming].refresh(percentile, now)

    def outcomes(self, now: float) -> SuccessRate:
        """Return how calls have ended lately."""
        return self._outcomes.outcomes(now)

    def first_content_quantiles(self, now: float) -> Quantiles | None:
        """Return quantiles of the time to first content: of streams where there were any."""
        streaming = self.first_contents[True].window
        window = streaming if streaming.count(now) else self.first_contents[False].window
        return _quantiles(window, now)

    def duration_quantiles(self, now: float) -> Quantiles | None:
        """Return quantiles of the duration of whole answers."""
        return _quantiles(self._durations, now)

    def output_tokens_per_second(self) -> float | None:
        """Return the median speed of the latest answers; `None` where none is known."""
        speeds = sorted(self._speeds)
        return speeds[len(speeds) // 2] if speeds else None

    def _computed_live_stats(self, now: float, *, streaming: bool) -> LiveStats:
        view = self.first_contents[streaming].view(LATE, now)
        first = None if view is None else view.median
        return LiveStats(
            latency=first if streaming else self._durations.quantile(0.5, now),
            first_content=first,
            late=None if view is None else view.percentile,
            success_rate=self._outcomes.outcomes(now).success_rate,
        )


def _quantiles(window: LatencyWindow, now: float) -> Quantiles | None:
    samples = window.count(now)
    p50, p90, p95, p99 = (window.quantile(share, now) for share in (0.5, 0.9, 0.95, 0.99))
    if p50 is None or p90 is None or p95 is None or p99 is None:
        return None
    return Quantiles(p50=p50, p90=p90, p95=p95, p99=p99, samples=samples)
