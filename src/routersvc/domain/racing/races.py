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

from routersvc.domain.catalogue.modes import StreamRecoveryMode
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.queue_waits import QueueWait
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import SameDeploymentRule
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.race_results import RaceBroken, RaceDeadlinePassed, RaceResult
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.hedge_timers import HedgeTimer
from routersvc.domain.racing.hedges import HedgeDecision
from routersvc.domain.racing.pending_retries import PendingRetry, Retries
from routersvc.domain.racing.race_attempts import (
    CancelAttempt,
    RaceAttempts,
    RaceStep,
    StartAttempt,
)
from routersvc.domain.racing.timeouts import due_at, timeout_failure


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
        self._retry: PendingRetry | None = None
        self._retries = Retries(plan=plan, fleet=fleet, random=random, deadline=self.deadline)
        self._free_attempts = 0
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
        instants = [self.deadline]
        if self._hedge.due_at is not None:
            instants.append(self._hedge.due_at)
        if self._retry is not None:
            instants.append(self._retry.at)
        if self._waiting is not None:
            is_granted = self._waiting.granted is not None
            instants.append(self.started_at if is_granted else self._waiting.until)
        if self.winner is None:
            instants.extend(due_at(attempt, self.plan) for attempt in self.running)
        return min(instants)

    def begin(self, now: float) -> list[RaceStep]:
        """Start the first attempt, now or when a provider allows it."""
        self._fleet.request_started(self.plan, now)
        return self._start_first(now)

    def content_arrived(self, attempt: Attempt, now: float) -> None:
        """Record that content arrived."""
        if attempt.first_content_at is None:
            attempt.first_content_at = now
            self._fleet.record_first_content(attempt.lease, now)
            self._hedge.first_content(attempt)
        attempt.idle_since = now

    def awaited(self, attempt: Attempt, now: float) -> None:
        """Record that the caller reads again: the idle timeout does not count its own pauses."""
        attempt.idle_since = now

    def headroom_reported(self, attempt: Attempt, headroom: RateLimitHeadroom, now: float) -> None:
        """Record what an attempt's provider reports is left of its rate limits."""
        self._fleet.record_headroom(attempt.lease, headroom, now)

    def committed(self, attempt: Attempt, now: float) -> list[RaceStep]:
        """Make `attempt` the answer and cancel the others."""
        self.winner = attempt
        self._hedge.clear()
        self._retry = None
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
        self._fleet.succeeded(winner.lease, usage=winner.counted, now=now)

    def failed(self, attempt: Attempt, failure: Failure, now: float) -> list[RaceStep]:
        """Record that an attempt failed before it committed; start the next one."""
        self._end(attempt, AttemptOutcome.FAILED, failure, now)
        if self._attempts.forbids_another(attempt, failure):
            steps: list[RaceStep] = [
                self._cancel(other, AttemptOutcome.LOST, now) for other in self.running
            ]
            self._give_up(failure)
            return steps
        steps = self._replace(attempt, failure, now)
        if not (steps or self.running or self._retry or self._waiting):
            self._give_up()
        return steps

    def broke(self, failure: Failure, now: float) -> list[RaceStep]:
        """Record that the answer broke after its commit; recover where the mode allows."""
        broken = self._winner()
        self._end(broken, AttemptOutcome.BROKEN, failure, now)
        self.winner = None
        steps: list[RaceStep] = []
        recovers = self.plan.stream_recovery is not StreamRecoveryMode.FAIL
        if (
            recovers
            and not self._attempts.forbids_another(broken, failure)
            and self._may_start_another(now)
        ):
            steps = self._start_other(now, AttemptReason.RECOVERY, caused_by=broken.number)
        if not steps:
            self.result = RaceBroken(failure=failure)
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
                if self.result is None and now >= due_at(attempt, self.plan):
                    steps.append(CancelAttempt(attempt))
                    steps.extend(self.failed(attempt, timeout_failure(attempt, self.plan), now))
        if self.result is None and self._retry is not None and now >= self._retry.at:
            steps.extend(self._start_retry(self._retry, now))
        if self.result is None and self._hedge.is_due(now):
            steps.extend(self._start_hedge(now))
        if self.result is None and self._waiting is not None:
            steps.extend(self._start_waiting(self._waiting, now))
        return steps

    def abandoned(self, now: float) -> list[RaceStep]:
        """Cancel everything without effect on health: the caller left or the deadline passed."""
        self._hedge.clear()
        self._retry = None
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
        self._fleet.released(attempt.lease, now)
        return CancelAttempt(attempt)

    def _may_start_another(self, now: float) -> bool:
        counted = len(self.attempts) - self._free_attempts
        return counted < self.plan.max_attempts and self._is_useful(now)

    def _is_useful(self, at: float) -> bool:
        return self.deadline - at >= self.plan.timeouts.useful

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
                return self._started(again, now)
        if not self._may_start_another(now):
            return []
        if not self.plan.retries.only_without_alternative and self._retry is None:
            self._retry = self._retries.after(failed, failure, now)
            if self._retry is not None:
                return []
        steps = self._start_other(now, AttemptReason.FAILOVER, caused_by=failed.number)
        if steps or self.running or self._retry is not None:
            return steps
        if not self._wait_for_place(AttemptReason.FAILOVER, failed.number, now):
            self._retry = self._retries.after(failed, failure, now)
        return []

    def _start_retry(self, retry: PendingRetry, now: float) -> list[RaceStep]:
        self._retry = None
        if retry.reason is AttemptReason.FIRST:
            return self._start_first(now)
        self._retries.started(retry.deployment)
        again = self._attempts.start(retry.deployment, retry.reason, retry.caused_by, now)
        steps = self._started(again, now)
        if not steps and self._may_start_another(now):
            steps = self._start_other(now, AttemptReason.FAILOVER, retry.caused_by)
        if not steps and not self.running and not self._waiting:
            self._give_up()
        return steps

    def _start_first(self, now: float) -> list[RaceStep]:
        """Start the best deployment that may be called; where none may, the least bad one.

        If one is only full, the race waits for a place there. Otherwise the least bad one is that
        with the shortest wait. Where every provider asked for a pause, the race waits for the
        shortest one if the deadline permits. A first attempt starts however little time is left.
        """
        if now >= self.deadline:
            self.result = RaceDeadlinePassed()
            return []
        steps = self._start_other(now, AttemptReason.FIRST, caused_by=0)
        if steps or self._wait_for_place(AttemptReason.FIRST, 0, now):
            return steps
        least_bad = self._attempts.least_bad()
        if least_bad is not None:
            forced = self._attempts.start(least_bad, AttemptReason.FIRST, 0, now, forced=True)
            steps = self._started(forced, now)
        else:
            gated = self._attempts.first_gated()
            if gated is not None and self._is_useful(now + gated.wait):
                self._retry = PendingRetry(
                    deployment=gated.deployment,
                    reason=AttemptReason.FIRST,
                    at=now + gated.wait,
                    caused_by=0,
                )
                return []
        if not steps:
            self._give_up()
        return steps

    def _wait_for_place(self, reason: AttemptReason, caused_by: int, now: float) -> bool:
        self._waiting = self._attempts.wait_for_place(reason, caused_by, self._place_free, now)
        return self._waiting is not None

    def _place_free(self) -> None:
        if self.on_place is not None:
            self.on_place()

    def _start_waiting(self, waiting: QueueWait, now: float) -> list[RaceStep]:
        """Start on the place that has become free, or give up where none did in time.

        The deployment may refuse by now for another reason; then the others are tried.
        """
        place = waiting.granted
        if place is None and now < waiting.until:
            return []
        self._waiting = None
        steps: list[RaceStep] = []
        if place is None or not self._is_useful(now):
            waiting.leave(now)
        else:
            attempt = self._attempts.start(
                place.deployment, waiting.reason, waiting.caused_by, now, ticket=place.ticket
            )
            if attempt is None and waiting.reason is AttemptReason.FIRST:
                return self._start_first(now)
            steps = self._started(attempt, now) or self._start_other(
                now, waiting.reason, waiting.caused_by
            )
        if not steps:
            self._give_up()
        return steps

    def _start_hedge(self, now: float) -> list[RaceStep]:
        self._hedge.clear()
        running = self.running
        if not running or not self._may_start_another(now):
            return []
        late = running[-1]
        steps = self._start_other(now, self._hedge.reason, caused_by=late.number)
        if not steps and self._hedge.reason is AttemptReason.HEDGE:
            self._hedge.set(late, now, refused_after=now - late.started_at)
        return steps

    def _start_other(self, now: float, reason: AttemptReason, caused_by: int) -> list[RaceStep]:
        return self._started(self._attempts.start_other(reason, caused_by, now), now)

    def _started(self, attempt: Attempt | None, now: float) -> list[RaceStep]:
        """Return the step that starts an attempt; none without an attempt."""
        if attempt is None:
            return []
        self._hedge.set(attempt, now)
        return [StartAttempt(attempt)]

    def _give_up(self, decisive: Failure | None = None) -> None:
        self.result = self._attempts.exhausted_result(decisive)
