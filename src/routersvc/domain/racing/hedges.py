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

A rescue keeps the deadline. It starts when the running attempt has no content although its
patience is over, or earlier, at the last moment at which another deployment can still give a whole
answer in time. It is paid from the whole budget for extra attempts and starts in every mode but
`OFF`; whichever of hedge and rescue is due first starts. A rescue that is refused is tried again as
a hedge is.

`AUTO` weighs the cost: it hedges no request of low priority, and at more than three times the price
only those of high priority.
"""

from __future__ import annotations

import enum

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority
from routersvc.domain.measures.latency_histories import LatencyView
from routersvc.domain.values import Value

_SURGE = 3.0
"""A p95 of this many times the usual one has exploded."""

_COST_RATIO = 3.0
"""A hedge that costs more than this many times the running attempt needs high priority."""


_AGAIN = 0.15
"""A refused hedge is tried again when the attempt is later by this share: about twenty times in
half a minute."""

_ROUNDING = 1e-6
"""Seconds; far above the rounding of instants, far below any delay."""

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
    CONTENT_ARRIVED = "content_arrived"


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
    HedgeReason.NOT_WORTH_ITS_COST: "the other deployment costs more than three times as much",
    HedgeReason.DEADLINE_TOO_NEAR: "too little time would be left for it",
    HedgeReason.ASKED_AGAIN: "the previous hedge was refused",
    HedgeReason.RESCUE: "so that another deployment can meet the deadline",
    HedgeReason.CONTENT_ARRIVED: "the content of the running attempt arrives",
}


class HedgeSituation(Value, frozen=True, kw_only=True):
    """What a hedge depends on, at the start of an attempt or when its time has come.

    `running` counts attempts, the one that may be late included. `time_left` is seconds from the
    start of that attempt to the deadline, `useful_time` the least that an attempt needs, `patience`
    the time without content after which a rescue starts, `None` for never. `has_content` says that
    the content of the running attempt has begun to arrive.
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
    patience: float | None = None
    has_content: bool = False
    priority: Priority = Priority.NORMAL
    previous_attempts: int = 0
    has_side_effects: bool = False
    latency_budget: float | None = None
    primary: LatencyView | None = None
    other: LatencyView | None = None
    other_duration: float | None = None
    cost_ratio: float | None = None
    refused_after: float | None = None


class HedgeDecision(Value, frozen=True, kw_only=True):
    """A hedge `delay` seconds after the start of the running attempt, or none for `None`."""

    delay: float | None
    reason: HedgeReason

    @property
    def description(self) -> str:
        """One sentence for people."""
        sentence = _SENTENCES[self.reason]
        if self.delay is None:
            return f"no hedge: {sentence}"
        name = "rescue" if self.reason is HedgeReason.RESCUE else "hedge"
        return f"a {name} after {self.delay:.3g} s: {sentence}"


def decide(rule: HedgingRule, situation: HedgeSituation) -> HedgeDecision:
    """Return when another attempt may start beside the one that runs, and why or why not."""
    refusal = _refusal(rule, situation)
    if refusal is not None:
        return HedgeDecision(delay=None, reason=refusal)
    hedge = _hedge(rule, situation)
    rescue = _rescue(rule, situation)
    if rescue is not None and (hedge.delay is None or rescue <= hedge.delay):
        return HedgeDecision(delay=rescue, reason=HedgeReason.RESCUE)
    return hedge


def has_exploded(view: LatencyView | None, rule: HedgingRule) -> bool:
    """Whether latency is too high for hedges to help: above the longest delay, or a surge."""
    if view is None or view.samples < rule.min_samples:
        return False
    return view.percentile > rule.max_delay or _surges(view)


def _surges(view: LatencyView) -> bool:
    return view.surge is not None and view.surge >= _SURGE


def _refusal(rule: HedgingRule, situation: HedgeSituation) -> HedgeReason | None:
    """Return what forbids an attempt beside the running one in every mode."""
    if rule.mode is HedgingMode.OFF:
        return HedgeReason.OFF
    if situation.has_side_effects:
        return HedgeReason.SIDE_EFFECTS
    if situation.running >= rule.most_parallel:
        return HedgeReason.ENOUGH_RUNNING
    if not situation.has_other:
        return HedgeReason.NOWHERE_TO_GO
    return None


def _hedge(rule: HedgingRule, situation: HedgeSituation) -> HedgeDecision:
    """Return when a hedge may start; one that was refused is tried again later."""
    if situation.previous_attempts > 0:
        return HedgeDecision(delay=None, reason=HedgeReason.CLIENT_RETRY)
    if situation.has_content:
        return HedgeDecision(delay=None, reason=HedgeReason.CONTENT_ARRIVED)
    if has_exploded(situation.other, rule):
        return HedgeDecision(delay=None, reason=HedgeReason.LATENCY_EXPLODED)
    decision = _timing(rule, situation)
    if decision.delay is None:
        return decision
    refused_after = situation.refused_after
    if refused_after is not None and _was_due(decision.delay, refused_after):
        decision = HedgeDecision(delay=_again(rule, refused_after), reason=HedgeReason.ASKED_AGAIN)
    if decision.delay is None or situation.time_left - decision.delay < situation.useful_time:
        return HedgeDecision(delay=None, reason=HedgeReason.DEADLINE_TOO_NEAR)
    return decision


def _rescue(rule: HedgingRule, situation: HedgeSituation) -> float | None:
    """Return when a rescue may start, `None` for never."""
    delay = None if situation.has_content else situation.patience
    if situation.other_duration is not None:
        last = situation.time_left - _RESCUE_MARGIN * situation.other_duration
        if delay is None or last < delay:
            last = max(last, _usual_delay(rule, situation))
            delay = last if delay is None else min(delay, last)
    if delay is None:
        return None
    if situation.refused_after is not None and _was_due(delay, situation.refused_after):
        delay = _again(rule, situation.refused_after)
    return delay if situation.time_left - delay >= situation.useful_time else None


def _usual_delay(rule: HedgingRule, situation: HedgeSituation) -> float:
    """Return when the running attempt is late at all: before that, no deadline needs a rescue."""
    view = situation.primary
    if view is None or view.samples < rule.min_samples:
        return rule.min_delay
    return _clamped(view.percentile if view.surge is None else view.percentile / view.surge, rule)


def _was_due(delay: float, refused_after: float) -> bool:
    """Whether an attempt after `delay` has been refused; instants are rounded in between."""
    return delay <= refused_after + _ROUNDING


def _again(rule: HedgingRule, refused_after: float) -> float:
    return refused_after + max(rule.min_delay, refused_after * _AGAIN)


def _timing(rule: HedgingRule, situation: HedgeSituation) -> HedgeDecision:
    if rule.mode is HedgingMode.PARALLEL:
        return HedgeDecision(delay=0.0, reason=HedgeReason.PARALLEL)
    if rule.mode is HedgingMode.AUTO:
        unworthy = _unworthy(situation)
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
    if view.percentile > rule.max_delay or _surges(view):
        usual = view.percentile if view.surge is None else view.percentile / view.surge
        return HedgeDecision(delay=_clamped(usual, rule), reason=HedgeReason.DEGRADED)
    return HedgeDecision(delay=_clamped(view.percentile, rule), reason=HedgeReason.PERCENTILE)


def _unworthy(situation: HedgeSituation) -> HedgeReason | None:
    """Return why an automatic hedge is not worth its cost; `None` where it is."""
    if situation.priority is Priority.LOW:
        return HedgeReason.LOW_PRIORITY
    if situation.priority is Priority.HIGH:
        return None
    if situation.cost_ratio is not None and situation.cost_ratio > _COST_RATIO:
        return HedgeReason.NOT_WORTH_ITS_COST
    return None


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
