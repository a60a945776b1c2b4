"""What starts next in a race: the one step in which every wish for another attempt ends.

First attempts, failovers, recoveries and retries ask in the same order for

1. an untried deployment that admits the call,
2. a place in the queue of one that is full, where no attempt runs,
3. the least bad untried deployment, forced although its breaker is open, its last health check
   failed or its rate limit seems to be reached,
4. a pause: a retry of the deployment that failed, or an untried one whose provider asked for a
   pause that the deadline allows, whichever comes first.

Only where all of these fail does the caller hear that nothing could serve it. Hedges and rescues
end after the first: while an attempt runs, nothing is forced.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable

from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.fleet.queue_waits import QueueWait
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.pending_attempts import PendingAttempt, Retries
from routersvc.domain.racing.race_attempts import RaceAttempts
from routersvc.domain.values import Value

Next = Attempt | QueueWait | PendingAttempt | None


class Wish(Value, frozen=True, kw_only=True):
    """Another attempt is wished for, because of the attempt `caused_by` (0 for none).

    `failed` and `failure` are set where an attempt failed that may be retried. With `may_queue`,
    the attempt can wait for a place.
    """

    reason: AttemptReason
    caused_by: int
    failed: Attempt | None = None
    failure: Failure | None = None
    may_queue: bool = True


class NextAttempts:
    """Decides what starts next. `on_place` is called when a place in a queue is free."""

    __slots__ = ("_attempts", "_deadline", "_fleet", "_plan", "_random", "_retries")

    def __init__(
        self,
        *,
        plan: Plan,
        fleet: Fleet,
        attempts: RaceAttempts,
        random: random_module.Random,
        deadline: float,
    ) -> None:
        self._retries: Retries | None = None
        self._random = random
        self._plan = plan
        self._fleet = fleet
        self._attempts = attempts
        self._deadline = deadline

    @property
    def retries(self) -> Retries:
        """The retries of the request, which few requests need."""
        if self._retries is None:
            self._retries = Retries(
                plan=self._plan,
                fleet=self._fleet,
                attempts=self._attempts,
                random=self._random,
                deadline=self._deadline,
            )
        return self._retries

    def find(self, wish: Wish, now: float, on_place: Callable[[], None]) -> Next:
        """Return what was started or is waited for; `None` where nothing is left, or others run."""
        attempt = self._attempts.start_other(wish.reason, wish.caused_by, now)
        if attempt is not None:
            return attempt
        if self._attempts.running:
            return None
        if wish.may_queue:
            deployments = list(self._attempts.untried(wish.reason, now))
            place = self._attempts.wait_for_place(
                deployments, wish.reason, wish.caused_by, on_place, now
            )
            if place is not None:
                return place
        return self._force_least_bad(wish, now) or self._pause(wish, now)

    def retry(self, pending: PendingAttempt, now: float, on_place: Callable[[], None]) -> Next:
        """Return what follows from a retry that is due, as `find` does.

        It is forced where the breaker of the deployment has opened meanwhile and no other is left.
        """
        deployment = pending.deployment
        self.retries.started(deployment)
        attempt = self._attempts.start(deployment, pending.reason, pending.caused_by, now)
        if attempt is not None:
            return attempt
        wish = Wish(reason=AttemptReason.FAILOVER, caused_by=pending.caused_by)
        following = self.find(wish, now, on_place)
        if following is not None or self._attempts.running:
            return following
        refusal = self._attempts.refusal(deployment)
        if refusal is not None and refusal.can_be_forced:
            return self._attempts.start(
                deployment, pending.reason, pending.caused_by, now, forced=True
            )
        return self._attempts.wait_for_place(
            [deployment], pending.reason, pending.caused_by, on_place, now
        )

    def _force_least_bad(self, wish: Wish, now: float) -> Attempt | None:
        left = [
            refusal.deployment
            for refusal in self._attempts.refused(wish.reason, now)
            if refusal.can_be_forced
        ]
        while left:
            least_bad = self._fleet.least_bad(left, now)
            attempt = self._attempts.start(least_bad, wish.reason, wish.caused_by, now, forced=True)
            if attempt is not None:
                return attempt
            left.remove(least_bad)
        return None

    def _pause(self, wish: Wish, now: float) -> PendingAttempt | None:
        retry = None
        if wish.failed is not None and wish.failure is not None:
            retry = self.retries.after(wish.failed, wish.failure, now)
        gated = self._first_gated(wish, now)
        if retry is None or (gated is not None and gated.at < retry.at):
            return gated
        return retry

    def _first_gated(self, wish: Wish, now: float) -> PendingAttempt | None:
        """Return the attempt after the shortest pause that a provider asked for, if it is useful.

        A disabled deployment is no hope: it is checked, not waited for.
        """
        waits = [
            (refusal.wait, refusal.deployment)
            for refusal in self._attempts.refused(wish.reason, now)
            if refusal.obstacle is Obstacle.GATED and refusal.wait is not None
        ]
        if not waits:
            return None
        wait, deployment = min(waits, key=lambda each: each[0])
        if self._deadline - (now + wait) < self._plan.timeouts.useful:
            return None
        return PendingAttempt(
            deployment=deployment, reason=wish.reason, at=now + wait, caused_by=wish.caused_by
        )
