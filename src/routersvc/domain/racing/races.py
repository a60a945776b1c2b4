"""What runs next for one request: failover, hedging, retry and recovery, without a clock.

The methods of a race take events with their time and return the steps to perform: attempts to start
and attempts to cancel. Two triggers start another attempt, in the manner of gRPC proposal A6 and of
Happy Eyeballs (RFC 8305): a failure, at once, and a timer, when the running attempt is late. The
first to commit wins, the others are cancelled as losers. One deadline and one limit of attempts
apply to all of them.

Ties are resolved by the order in which attempts started, so the same events give the same steps.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Sequence

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.queue_waits import QueueWait
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass, SameDeploymentRule
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.race_results import RaceBroken, RaceDeadlinePassed, RaceResult
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.hedge_situations import was_silent
from routersvc.domain.racing.hedge_timers import HedgeTimer
from routersvc.domain.racing.hedges import HedgeDecision
from routersvc.domain.racing.next_attempts import Next, NextAttempts, Wish
from routersvc.domain.racing.pending_attempts import PendingAttempt
from routersvc.domain.racing.race_attempts import (
    CancelAttempt,
    RaceAttempts,
    RaceStep,
    StartAttempt,
)
from routersvc.domain.racing.timeouts import due_at, timeout_failure

_REFUSED_REQUESTS = frozenset({FailureClass.INVALID_REQUEST, FailureClass.CAPABILITY_MISMATCH})
"""With these, a deployment may refuse to continue a text that it would write anew."""


class Race:
    """The attempts of one request. `result` is set once the call has failed.

    `on_place` is called when a place that the request waits for is free: call `woke` then.
    """

    def __init__(
        self, *, plan: Plan, fleet: Fleet, random: random_module.Random, started_at: float
    ) -> None:
        self.plan = plan
        self.started_at = started_at
        self.deadline = started_at + plan.timeout
        self.winner: Attempt | None = None
        self.result: RaceResult | None = None
        self.on_place: Callable[[], None] | None = None
        self._fleet = fleet
        self._attempts = RaceAttempts(plan=plan, fleet=fleet)
        self._hedge = HedgeTimer(
            plan=plan, fleet=fleet, attempts=self._attempts, deadline=self.deadline
        )
        self._next = NextAttempts(
            plan=plan,
            fleet=fleet,
            attempts=self._attempts,
            random=random,
            deadline=self.deadline,
        )
        self._pending: PendingAttempt | None = None
        self._free_attempts = 0
        self._is_replaceable: bool | None = None
        self._waiting: QueueWait | None = None

    @property
    def attempts(self) -> Sequence[Attempt]:
        """All attempts, in the order they started."""
        return self._attempts.made

    @property
    def running(self) -> tuple[Attempt, ...]:
        """The attempts that have not ended, in the order they started."""
        return self._attempts.running

    @property
    def first_hedging(self) -> HedgeDecision | None:
        """What was decided on a hedge when the first attempt started; `None` before that."""
        return self._hedge.first_decision

    @property
    def wake_at(self) -> float:
        """The next instant at which `woke` has something to decide."""
        instant = self.deadline
        hedge_at = self._hedge.due_at
        if hedge_at is not None and hedge_at < instant:
            instant = hedge_at
        if self._pending is not None:
            instant = min(instant, self._pending.at)
        if self._waiting is not None:
            is_granted = self._waiting.granted is not None
            instant = min(instant, self.started_at if is_granted else self._waiting.until)
        if self.winner is None:
            for attempt in self._attempts.made:
                if attempt.running:
                    instant = min(instant, self.due_at(attempt))
        return instant

    def begin(self, now: float) -> list[RaceStep]:
        """Start the first attempt however little time is left, or when a provider allows it."""
        self._fleet.request_started(self.plan, now)
        return self._start_next(Wish(reason=AttemptReason.FIRST, caused_by=0), now)

    def due_at(self, attempt: Attempt) -> float:
        """Return the instant at which a running attempt times out."""
        return due_at(attempt, self.plan, self.deadline, self._could_replace)

    def timeout_failure(self, attempt: Attempt) -> Failure:
        """Return the failure of an attempt that timed out."""
        is_replaceable = self._is_replaceable or False
        return timeout_failure(attempt, self.plan, self.deadline, is_replaceable=is_replaceable)

    def content_arrived(
        self, attempt: Attempt, now: float, *, contents: int = 1, characters: int = 0
    ) -> None:
        """Record that contents arrived, with so many characters together."""
        if attempt.first_content_at is None:
            attempt.began(now)
            self._fleet.record_first_content(attempt.lease, now)
            self._hedge.first_content(attempt)
        attempt.went_on(now, contents=contents, characters=characters)

    def awaited(self, attempt: Attempt, now: float) -> None:
        """Record that the caller reads again: the timeouts do not count its own pauses."""
        attempt.paused(now)

    def headroom_reported(self, attempt: Attempt, headroom: RateLimitHeadroom, now: float) -> None:
        """Record what an attempt's provider reports is left of its rate limits."""
        self._fleet.record_headroom(attempt.lease, headroom, now)

    def committed(self, attempt: Attempt, now: float) -> list[RaceStep]:
        """Make `attempt` the answer and cancel the others."""
        self.winner = attempt
        self._hedge.clear()
        self._pending = None
        self._is_replaceable = None
        return [
            self._cancel(other, AttemptOutcome.LOST, now)
            for other in self.running
            if other is not attempt
        ]

    def finished(self, now: float) -> None:
        """Record that the winner's answer is complete."""
        winner = self._winner()
        winner.ended_at = now
        winner.outcome = AttemptOutcome.SERVED
        self._fleet.succeeded(winner.lease, usage=winner.sound_count, now=now)

    def failed(self, attempt: Attempt, failure: Failure, now: float) -> list[RaceStep]:
        """Record that an attempt failed before it committed; start the next one."""
        self._end(attempt, AttemptOutcome.FAILED, failure, now)
        steps = self._restart(attempt, failure, now)
        if steps:
            return steps
        if self._attempts.forbids_another(attempt, failure):
            losers = self.running
            self._give_up(failure)
            return [self._cancel(other, AttemptOutcome.LOST, now) for other in losers]
        steps = self._replace(attempt, failure, now)
        if not steps:
            self._give_up_if_idle()
        return steps

    def broke(self, failure: Failure, now: float) -> list[RaceStep]:
        """Record that the answer broke after its commit; recover where the mode allows."""
        broken = self._winner()
        self._end(broken, AttemptOutcome.BROKEN, failure, now)
        self.winner = None
        steps: list[RaceStep] = []
        if (
            self.plan.recovers
            and not self._attempts.forbids_another(broken, failure)
            and self._may_start_another(now)
        ):
            steps = self._take(self._find(_after(broken, AttemptReason.RECOVERY), now), now)
        if not (steps or self._pending or self._waiting):
            spent = self._attempts.is_budget_spent
            self.result = RaceBroken(failure=failure, is_budget_spent=spent)
            if spent:
                self._attempts.note_spent_budget()
        return steps

    def woke(self, now: float) -> list[RaceStep]:
        """Act on what is due: the deadline, timeouts, a pending retry, a hedge, a free place."""
        if now >= self.deadline:
            steps: list[RaceStep] = self.abandoned(now)
            self.result = RaceDeadlinePassed()
            return steps
        steps = []
        if self.winner is None:
            for attempt in self.running:
                if self.result is None and attempt.running and now >= self.due_at(attempt):
                    steps.append(CancelAttempt(attempt))
                    steps.extend(self.failed(attempt, self.timeout_failure(attempt), now))
        if self.result is None and self._pending is not None and now >= self._pending.at:
            steps.extend(self._start_pending(self._pending, now))
        if self.result is None and self._hedge.is_due(now):
            steps.extend(self._start_hedge(now))
        if self.result is None and self._waiting is not None:
            steps.extend(self._start_waiting(self._waiting, now))
        return steps

    def abandoned(self, now: float) -> list[RaceStep]:
        """Cancel everything without effect on health: the caller left or the deadline passed."""
        self._hedge.clear()
        self._pending = None
        if self._waiting is not None:
            self._waiting.leave(now)
            self._waiting = None
        return [self._cancel(attempt, AttemptOutcome.CANCELLED, now) for attempt in self.running]

    def _winner(self) -> Attempt:
        if self.winner is None:
            raise AssertionError("only a committed attempt can finish or break")
        return self.winner

    def _end(self, attempt: Attempt, outcome: AttemptOutcome, failure: Failure, now: float) -> None:
        attempt.outcome = outcome
        attempt.failure = failure
        attempt.ended_at = now
        self._attempts.failed(attempt, failure)
        self._fleet.failed(attempt.lease, failure, now)

    def _cancel(self, attempt: Attempt, outcome: AttemptOutcome, now: float) -> CancelAttempt:
        attempt.outcome = outcome
        attempt.ended_at = now
        is_loser = outcome is AttemptOutcome.LOST
        if is_loser and was_silent(self._fleet, self.plan, attempt, self.deadline, now):
            self._fleet.overdue(attempt.lease, now)
        else:
            self._fleet.released(attempt.lease, now)
        return CancelAttempt(attempt)

    def _may_start_another(self, now: float) -> bool:
        counted = len(self.attempts) - self._free_attempts
        return counted < self.plan.max_attempts and self._is_useful(now)

    def _is_useful(self, at: float) -> bool:
        return self.deadline - at >= self.plan.timeouts.useful

    def _can_replace(self, now: float) -> bool:
        """Whether another attempt could take over from those that run."""
        return (
            (self.winner is None or self.plan.recovers)
            and self._may_start_another(now)
            and self._attempts.best_untried(AttemptReason.FAILOVER, now) is not None
        )

    def _could_replace(self, now: float) -> bool:
        """Return what `_can_replace` does, asked once for each attempt that starts or commits."""
        if self._is_replaceable is None:
            self._is_replaceable = self._can_replace(now)
        return self._is_replaceable

    def _restart(self, refused: Attempt, failure: Failure, now: float) -> list[RaceStep]:
        """Ask a deployment that refused to continue a text for the whole answer instead."""
        if (
            not refused.continues
            or failure.failure_class not in _REFUSED_REQUESTS
            or not self._may_start_another(now)
        ):
            return []
        reason = AttemptReason.RECOVERY
        attempt = self._attempts.start(refused.deployment, reason, refused.number, now)
        if attempt is not None:
            attempt.may_continue = False
        return self._take(attempt, now)

    def _replace(self, failed: Attempt, failure: Failure, now: float) -> list[RaceStep]:
        rule = failure.rule.same_deployment
        if (
            rule is SameDeploymentRule.AT_ONCE_IF_CONNECTION_WAS_IDLE
            and failure.connection_was_idle
            and failed.reason is not AttemptReason.RETRY
            and self._is_useful(now)
        ):
            again = self._attempts.start(failed.deployment, AttemptReason.RETRY, failed.number, now)
            if again is not None:
                self._free_attempts += 1
                return self._take(again, now)
        if not self._may_start_another(now):
            return []
        if self._pending is not None:
            other = self._attempts.start_other(AttemptReason.FAILOVER, failed.number, now)
            return self._take(other, now)
        wish = _after(failed, AttemptReason.FAILOVER)
        if not self.plan.retries.only_without_alternative:
            alternative = self._attempts.best_untried(AttemptReason.FAILOVER, now) is not None
            self._pending = self._next.retries.after(failed, failure, now, alternative=alternative)
            if self._pending is not None:
                return []
        return self._take(self._find(wish, now), now)

    def _start_pending(self, pending: PendingAttempt, now: float) -> list[RaceStep]:
        self._pending = None
        if not self._may_start_another(now):
            self._give_up_if_idle()
            return []
        if pending.reason is AttemptReason.RETRY:
            steps = self._take(self._next.retry(pending, now, self._place_free), now)
            if not steps:
                self._give_up_if_idle()
            return steps
        return self._start_next(Wish(reason=pending.reason, caused_by=pending.caused_by), now)

    def _start_next(self, wish: Wish, now: float) -> list[RaceStep]:
        if now >= self.deadline:
            self.result = RaceDeadlinePassed()
            return []
        steps = self._take(self._find(wish, now), now)
        if not steps:
            self._give_up_if_idle()
        return steps

    def _find(self, wish: Wish, now: float) -> Next:
        return self._next.find(wish, now, self._place_free)

    def _place_free(self) -> None:
        if self.on_place is not None:
            self.on_place()

    def _start_waiting(self, waiting: QueueWait, now: float) -> list[RaceStep]:
        """Start on the place that has become free; where none did in time, what else is left.

        The deployment may refuse by now for another reason; then the others are tried, and it may
        be forced on the place that it gave.
        """
        place = waiting.granted
        if place is None and now < waiting.until:
            return []
        self._waiting = None
        if not self._is_useful(now):
            waiting.leave(now)
            self._give_up_if_idle()
            return []
        if place is None:
            waiting.leave(now)
        else:
            self._attempts.hold(place)
            attempt = self._attempts.start(place.deployment, waiting.reason, waiting.caused_by, now)
            if attempt is not None:
                return self._take(attempt, now)
        # Without a budget the next place would be refused in the same way.
        may_queue = place is not None and not self._attempts.is_budget_spent
        wish = Wish(reason=waiting.reason, caused_by=waiting.caused_by, may_queue=may_queue)
        steps = self._start_next(wish, now)
        self._attempts.release_place(now)
        return steps

    def _start_hedge(self, now: float) -> list[RaceStep]:
        self._hedge.clear()
        running = self.running
        if not running or not self._may_start_another(now):
            return []
        late = running[-1]
        attempt = self._attempts.start_other(self._hedge.reason, late.number, now)
        if attempt is None:
            self._hedge.set(late, now, refused_after=now - late.started_at)
        return self._take(attempt, now)

    def _take(self, following: Next, now: float) -> list[RaceStep]:
        """Return the step that starts an attempt; wait for what starts later."""
        match following:
            case None:
                return []
            case PendingAttempt():
                self._pending = following
                return []
            case QueueWait():
                self._waiting = following
                return []
            case _:
                self._hedge.set(following, now)
                self._is_replaceable = None
                return [StartAttempt(following)]

    def _give_up_if_idle(self) -> None:
        if not (self.running or self._pending or self._waiting):
            self._give_up()

    def _give_up(self, decisive: Failure | None = None) -> None:
        self.result = self._attempts.exhausted_result(decisive)
        if self.result.is_budget_spent:
            self._attempts.note_spent_budget()


def _after(failed: Attempt, reason: AttemptReason) -> Wish:
    return Wish(reason=reason, caused_by=failed.number, failed=failed, failure=failed.failure)
