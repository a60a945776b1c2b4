"""Which of several equal deployments is called: the better of two drawn at random.

Power of two choices (Mitzenmacher, 2001) over peak-EWMA times in-flight, as in Finagle and Linkerd.
Comparing two at random instead of taking the best of all keeps many routers, each with its own
view, from all choosing the same one. Failures are charged as latency, so that a deployment which
fails fast does not look fast.

A deployment in slow start takes part in the share of draws that its breaker grants.
"""

from __future__ import annotations

import math
import random as random_module
from collections.abc import Sequence
from typing import NamedTuple

from routersvc.domain.measures.latencies import PeakEwmaLatency

FAILURE_PENALTY = 5.0
"""Seconds that a failure or a refusal counts at least: ten times a common time to first content."""

DRAWN = 5
"""Places that are drawn, of an order and of a plan. Calls make three attempts by default and seldom
get further, and drawing all places would take time that grows faster than their number."""

_LEAST_FOR_A_DRAW = 2
_FRESH = math.exp(-1)
"""What is left to believe of a latency after its decay time."""

_UNKNOWN_LATENCY = 1.0
"""Seconds; where no deployment of a group has been called yet only in-flight decides."""


class DeploymentLoad:
    """How busy and how fast one deployment is."""

    __slots__ = ("_latency", "in_flight")

    def __init__(self, *, decay: float = 10.0) -> None:
        self.in_flight = 0
        self._latency = PeakEwmaLatency(decay=decay)

    def fading(self, now: float) -> tuple[float, float] | None:
        """Return the known latency and the share of it that is still believed."""
        return self._latency.fading(now)

    def started(self) -> None:
        """Count an attempt that starts."""
        self.in_flight += 1

    def ended(self) -> None:
        """Count an attempt that ended in any way. Its latency is recorded separately.

        Raises:
            AssertionError: more attempts ended than started.
        """
        if self.in_flight == 0:
            raise AssertionError("an attempt ends once")
        self.in_flight -= 1

    def answered(self, latency: float, now: float) -> None:
        """Record an attempt's time to first content, in seconds."""
        self._latency.observe(latency, now)

    def given_up(self, latency: float, now: float) -> None:
        """Record an attempt that was cancelled without content after `latency` seconds."""
        self._latency.observe_at_least(latency, now)

    def failed(self, latency: float, now: float) -> None:
        """Record a failure or refusal after `latency` seconds."""
        self._latency.observe(max(latency, FAILURE_PENALTY), now)

    def recovered(self) -> None:
        """Forget the latency charged for failures: the deployment competes like the others."""
        self._latency.clear()


class LoadContender(NamedTuple):
    """One of several equal deployments: its load, and the share of traffic its breaker grants."""

    load: DeploymentLoad
    share: float = 1.0


class LoadBalancer:
    """Draws with `random`: the same seed and loads give the same order."""

    def __init__(self, random: random_module.Random) -> None:
        self._random = random

    def order(self, contenders: Sequence[LoadContender], now: float) -> list[int]:
        """Return all indices in the order of repeated draws, first choice first.

        Later places than the first `DRAWN` follow from load alone, those without a share last.
        """
        left = list(range(len(contenders)))
        if len(left) < _LEAST_FOR_A_DRAW:
            return left
        costs = costs_of(contenders, now)
        random = self._random.random
        all_take_part = min([contender.share for contender in contenders]) >= 1
        ordered: list[int] = []
        while len(left) > 1 and len(ordered) < DRAWN:
            if all_take_part:
                size = len(left)
                first = int(random() * size)
                second = int(random() * (size - 1))
                second += second >= first
            else:
                drawn = self._draw([contenders[index] for index in left])
                first, second = drawn[0], drawn[-1]
            better = first if costs[left[first]] <= costs[left[second]] else second
            ordered.append(left.pop(better))
        if len(left) > 1:
            left.sort(key=lambda index: (contenders[index].share <= 0, costs[index]))
        return ordered + left

    def turn(self, count: int) -> int:
        """Return an index at random, each as likely: a cheap way to spread calls."""
        return int(self._random.random() * count)

    def _draw(self, contenders: Sequence[LoadContender]) -> list[int]:
        """Draw two, or one where slow start leaves no more; from all where it leaves none."""
        random = self._random.random
        taking_part = [
            index
            for index, contender in enumerate(contenders)
            if contender.share >= 1 or random() < contender.share
        ] or list(range(len(contenders)))
        size = len(taking_part)
        if size == 1:
            return taking_part
        first = int(random() * size)
        second = int(random() * (size - 1))
        # Skips the first, so that two are drawn and in random order, which settles ties.
        return [taking_part[first], taking_part[second + (second >= first)]]


def costs_of(contenders: Sequence[LoadContender], now: float) -> list[float]:
    """Return each one's expected wait in seconds, up to a common factor.

    That is its latency times those in flight and one more. What is known of a latency fades into a
    common prior while nothing is observed, so that a peak does not keep traffic away for ever. The
    prior is the lowest latency that is lately known in the group, else the lowest ever known:
    a deployment idle for long is assumed to be about that fast. Finagle fades into 0 instead, which
    draws every caller at once to the one that was idle longest.
    """
    known = [contender.load.fading(now) for contender in contenders]
    lately = math.inf
    ever = math.inf
    for each in known:
        if each is not None:
            latency, believed = each
            ever = min(ever, latency)
            if latency < lately and believed >= _FRESH:
                lately = latency
    prior = ever if ever < math.inf else _UNKNOWN_LATENCY
    if lately < math.inf:
        prior = lately
    return [
        (prior if each is None else prior + (each[0] - prior) * each[1])
        * (contender.load.in_flight + 1)
        for each, contender in zip(known, contenders, strict=True)
    ]
