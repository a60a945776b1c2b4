"""When another attempt may start while a late one still runs, and why or why not.

After Dean and Barroso, The Tail at Scale (2013), and gRPC proposal A6: wait until the running
attempt is later than most, then call another deployment as well. Finagle's backup requests add the
live percentile, the budget, and the guard of `_SURGE`: when every deployment is late, another
attempt only adds load. Where only the running attempt's deployment is late, hedging helps most, and
its hedge starts at the usual percentile instead of the exploded one.

A hedge that is refused, because the hedge budget is spent or no deployment may be called, is tried
again at growing intervals: most late attempts answer meanwhile, and the budget goes to the latest.
One attempt in twenty is later than the p95, so a budget of one in twenty is sometimes spent by
chance alone.

Where no hedge is granted, or none is worth its cost, a call that is about to miss its deadline gets
a second attempt at the last moment at which another deployment can still meet it. Such a rescue is
paid from the whole budget for extra attempts, as a failover is.

`AUTO` weighs the cost: it hedges for requests of high priority, for a latency budget that would be
missed, and where the first choice is degraded, but at several times the price only for high
priority.
"""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority
from routersvc.domain.measures.latency_histories import LatencyView

_SURGE = 3.0
"""A p95 of this many times the usual one has exploded."""

_COST_RATIO = 3.0
"""A hedge that costs more than this many times the running attempt needs high priority."""


_AGAIN = 0.15
"""A refused hedge is tried again when the attempt is later by this share: about twenty times in
half a minute."""

_RESCUE_MARGIN = 2.0
"""How many times the usual duration of an answer is left for a rescue: it may be slow."""


class HedgeReason(enum.Enum):
    """Why a hedge starts when it does, or why none starts."""

    PARALLEL = "parallel"
    FIXED_DELAY = "fixed_delay"
    PERCENTILE = "percentile"
    TOO_FEW_SAMPLES = "too_few_samples"
    LATENCY_BUDGET = "latency_budget"
    DEGRADED = "degraded"
    OFF = "off"
    SIDE_EFFECTS = "side_effects"
    CLIENT_RETRY = "client_retry"
    NOWHERE_TO_GO = "nowhere_to_go"
    ENOUGH_RUNNING = "enough_running"
    LATENCY_EXPLODED = "latency_exploded"
    LOW_PRIORITY = "low_priority"
    NOT_WORTH_ITS_COST = "not_worth_its_cost"
    DEADLINE_TOO_NEAR = "deadline_too_near"
    ASKED_AGAIN = "asked_again"
    RESCUE = "rescue"


_SENTENCES = {
    HedgeReason.PARALLEL: "the hedging mode is parallel",
    HedgeReason.FIXED_DELAY: "after the configured delay",
    HedgeReason.PERCENTILE: "when the running attempt is later than the live percentile",
    HedgeReason.TOO_FEW_SAMPLES: "after the maximum delay: too few samples for a percentile",
    HedgeReason.LATENCY_BUDGET: "early enough for another deployment to meet the latency budget",
    HedgeReason.DEGRADED: "at the usual percentile: the deployment of the running attempt is slow",
    HedgeReason.OFF: "the hedging mode is off",
    HedgeReason.SIDE_EFFECTS: "the request has side effects",
    HedgeReason.CLIENT_RETRY: "the request is itself a retry of the client",
    HedgeReason.NOWHERE_TO_GO: "no other deployment is left",
    HedgeReason.ENOUGH_RUNNING: "the maximum number of parallel attempts runs",
    HedgeReason.LATENCY_EXPLODED: "the latency of the other deployment has exploded as well",
    HedgeReason.LOW_PRIORITY: "the priority of the request is low",
    HedgeReason.NOT_WORTH_ITS_COST: "neither priority, latency budget nor health justify its cost",
    HedgeReason.DEADLINE_TOO_NEAR: "too little time would be left for it",
    HedgeReason.ASKED_AGAIN: "the previous hedge was refused",
    HedgeReason.RESCUE: "at the last moment at which another deployment can meet the deadline",
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HedgeSituation:
    """What a hedge depends on, at the start of an attempt or when its time has come.

    `running` counts attempts, the one that may be late included. `time_left` is seconds from the
    start of that attempt to the deadline, `useful_time` the least that an attempt needs.
    `latency_budget` is the time to first content in seconds that the caller asked for. `primary` is
    the running deployment, `other` the one that would be hedged on; their views are `None` where
    nothing is known. `other_duration` is the time in seconds in which the other gives nearly every
    whole answer. `cost_ratio` is the other's expected cost as a multiple of the primary's.
    `refused_after` is when a hedge was due and refused, in seconds from the start of that attempt.
    """

    running: int
    has_other: bool
    time_left: float
    useful_time: float
    priority: Priority = Priority.NORMAL
    previous_attempts: int = 0
    has_side_effects: bool = False
    latency_budget: float | None = None
    primary: LatencyView | None = None
    primary_degraded: bool = False
    other: LatencyView | None = None
    other_duration: float | None = None
    cost_ratio: float | None = None
    refused_after: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HedgeDecision:
    """A hedge `delay` seconds after the start of the running attempt, or none for `None`."""

    delay: float | None
    reason: HedgeReason

    @property
    def description(self) -> str:
        """One sentence for people."""
        sentence = _SENTENCES[self.reason]
        if self.delay is None:
            return f"no hedge: {sentence}"
        return f"a hedge after {self.delay:.3g} s: {sentence}"


def decide(rule: HedgingRule, situation: HedgeSituation) -> HedgeDecision:
    """Return when a hedge may start beside the attempt that runs, and why or why not."""
    refusal = _refusal(rule, situation)
    if refusal is not None:
        return HedgeDecision(delay=None, reason=refusal)
    decision = _timing(rule, situation)
    if decision.delay is None:
        return _rescue(situation, otherwise=decision)
    if situation.time_left - decision.delay < situation.useful_time:
        return HedgeDecision(delay=None, reason=HedgeReason.DEADLINE_TOO_NEAR)
    if situation.refused_after is None:
        return decision
    return _after_refusal(rule, situation, situation.refused_after)


def has_exploded(view: LatencyView | None, rule: HedgingRule) -> bool:
    """Whether latency is too high for hedges to help: above the longest delay, or a surge."""
    if view is None or view.samples < rule.min_samples:
        return False
    return view.percentile > rule.max_delay or (view.surge is not None and view.surge >= _SURGE)


def _refusal(rule: HedgingRule, situation: HedgeSituation) -> HedgeReason | None:
    """Return what forbids a hedge in every mode."""
    if rule.mode is HedgingMode.OFF:
        return HedgeReason.OFF
    if situation.has_side_effects:
        return HedgeReason.SIDE_EFFECTS
    if situation.previous_attempts > 0:
        return HedgeReason.CLIENT_RETRY
    if situation.running >= rule.max_parallel:
        return HedgeReason.ENOUGH_RUNNING
    if not situation.has_other:
        return HedgeReason.NOWHERE_TO_GO
    if has_exploded(situation.other, rule):
        return HedgeReason.LATENCY_EXPLODED
    return None


def _timing(rule: HedgingRule, situation: HedgeSituation) -> HedgeDecision:
    if rule.mode is HedgingMode.PARALLEL:
        return HedgeDecision(delay=0.0, reason=HedgeReason.PARALLEL)
    if rule.mode is HedgingMode.AUTO:
        unworthy = _unworthy(rule, situation)
        if unworthy is not None:
            return HedgeDecision(delay=None, reason=unworthy)
    if rule.delay is not None:
        return HedgeDecision(delay=rule.delay, reason=HedgeReason.FIXED_DELAY)
    decision = _percentile(rule, situation)
    if rule.mode is HedgingMode.AUTO and _misses_budget(situation, rule):
        return _earlier(decision, _budget_delay(rule, situation))
    return decision


def _percentile(rule: HedgingRule, situation: HedgeSituation) -> HedgeDecision:
    """Return the hedge at the live percentile, or at the usual one where it has exploded."""
    view = situation.primary
    if view is None or view.samples < rule.min_samples:
        return HedgeDecision(delay=rule.max_delay, reason=HedgeReason.TOO_FEW_SAMPLES)
    if has_exploded(view, rule):
        usual = view.percentile if view.surge is None else view.percentile / view.surge
        return HedgeDecision(delay=_clamped(usual, rule), reason=HedgeReason.DEGRADED)
    return HedgeDecision(delay=_clamped(view.percentile, rule), reason=HedgeReason.PERCENTILE)


def _after_refusal(
    rule: HedgingRule, situation: HedgeSituation, refused_after: float
) -> HedgeDecision:
    """Return the next try of a refused hedge, or the rescue where that comes first."""
    delay = refused_after + max(rule.min_delay, refused_after * _AGAIN)
    again = HedgeDecision(delay=delay, reason=HedgeReason.ASKED_AGAIN)
    if situation.time_left - delay < situation.useful_time:
        again = HedgeDecision(delay=None, reason=HedgeReason.DEADLINE_TOO_NEAR)
    rescue = _rescue(situation, otherwise=again, earliest=refused_after)
    if again.delay is None or (rescue.delay is not None and rescue.delay <= again.delay):
        return rescue
    return again


def _rescue(
    situation: HedgeSituation, *, otherwise: HedgeDecision, earliest: float = 0.0
) -> HedgeDecision:
    """Return the hedge that saves a deadline about to be missed, not before `earliest`."""
    if situation.other_duration is None:
        return otherwise
    delay = max(earliest, situation.time_left - _RESCUE_MARGIN * situation.other_duration)
    if situation.time_left - delay < situation.useful_time:
        return otherwise
    return HedgeDecision(delay=delay, reason=HedgeReason.RESCUE)


def _unworthy(rule: HedgingRule, situation: HedgeSituation) -> HedgeReason | None:
    """Return why an automatic hedge is not worth its cost; `None` where it is."""
    if situation.priority is Priority.LOW:
        return HedgeReason.LOW_PRIORITY
    if situation.priority is Priority.HIGH:
        return None
    if situation.cost_ratio is not None and situation.cost_ratio > _COST_RATIO:
        return HedgeReason.NOT_WORTH_ITS_COST
    if (
        situation.primary_degraded
        or has_exploded(situation.primary, rule)
        or _misses_budget(situation, rule)
    ):
        return None
    return HedgeReason.NOT_WORTH_ITS_COST


def _misses_budget(situation: HedgeSituation, rule: HedgingRule) -> bool:
    """Whether more attempts than the percentile leaves would miss the caller's latency budget."""
    view = situation.primary
    if situation.latency_budget is None or view is None or view.samples < rule.min_samples:
        return False
    return view.percentile > situation.latency_budget


def _budget_delay(rule: HedgingRule, situation: HedgeSituation) -> float:
    """Return the last moment at which the other deployment's median still keeps the budget."""
    budget = situation.latency_budget or 0.0
    typical = 0.0 if situation.other is None else situation.other.median
    return _clamped(budget - typical, rule)


def _earlier(decision: HedgeDecision, delay: float) -> HedgeDecision:
    if decision.delay is not None and decision.delay <= delay:
        return decision
    return HedgeDecision(delay=delay, reason=HedgeReason.LATENCY_BUDGET)


def _clamped(delay: float, rule: HedgingRule) -> float:
    return min(max(delay, rule.min_delay), rule.max_delay)
