"""When the running attempt of a race is late, and what an attempt beside it is called."""

from __future__ import annotations

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.hedge_situations import decide_hedge
from routersvc.domain.racing.hedges import HedgeDecision, HedgeReason
from routersvc.domain.racing.latency_lenders import (
    refreshed_latency,
    refreshed_or_borrowed_latency,
    usual_duration,
)
from routersvc.domain.racing.race_attempts import RaceAttempts


class HedgeTimer:
    """The next hedge or rescue of a race: `due_at` is an instant, `None` while none is set.

    `first_decision` is the decision at the start of the first attempt, for explanations.
    """

    __slots__ = (
        "_attempts",
        "_begun",
        "_deadline",
        "_fleet",
        "_plan",
        "due_at",
        "first_decision",
        "reason",
    )

    def __init__(
        self, *, plan: Plan, fleet: Fleet, attempts: RaceAttempts, deadline: float
    ) -> None:
        self.due_at: float | None = None
        self.reason = AttemptReason.HEDGE
        self.first_decision: HedgeDecision | None = None
        self._plan = plan
        self._fleet = fleet
        self._attempts = attempts
        self._deadline = deadline
        self._begun: Attempt | None = None

    def set(self, attempt: Attempt, now: float, *, refused_after: float | None = None) -> None:
        """Set the time at which `attempt` is late; `refused_after` as for `decide_hedge`."""
        plan = self._plan
        self._begun = None
        if plan.hedging_rule.mode is HedgingMode.OFF:
            return
        primary = attempt.deployment
        other = self._attempts.best_untried(AttemptReason.HEDGE, now)
        fleet = self._fleet
        decision = decide_hedge(
            plan,
            primary=primary,
            primary_latency=refreshed_or_borrowed_latency(fleet, primary, plan, now),
            other=other,
            other_latency=None if other is None else refreshed_latency(fleet, other, plan, now),
            other_duration=None if other is None else usual_duration(fleet, other, now),
            running=len(self._attempts.running),
            time_left=self._deadline - attempt.started_at,
            has_content=attempt.first_content_at is not None,
            refused_after=refused_after,
        )
        if self.first_decision is None:
            self.first_decision = decision
        is_rescue = decision.reason is HedgeReason.RESCUE
        self.reason = AttemptReason.RESCUE if is_rescue else AttemptReason.HEDGE
        delay = decision.delay
        self.due_at = None if delay is None else attempt.started_at + delay

    def clear(self) -> None:
        """Let no hedge start until `set` is called again."""
        self.due_at = None
        self._begun = None

    def is_due(self, now: float) -> bool:
        """Whether the running attempt is late; decides again where its content has begun."""
        due_at = self.due_at
        if due_at is None or now < due_at:
            return False
        if self._begun is None:
            return True
        self.set(self._begun, now)
        return self.due_at is not None and now >= self.due_at

    def first_content(self, attempt: Attempt) -> None:
        """Note that the content of the latest attempt has begun to arrive.

        A stream is about to commit. A whole answer may still miss the deadline: what the content
        changes is decided when the attempt is late, which few are.
        """
        if self.due_at is None or attempt is not self._attempts.running[-1]:
            return
        if self._plan.streaming:
            self.clear()
        else:
            self._begun = attempt
