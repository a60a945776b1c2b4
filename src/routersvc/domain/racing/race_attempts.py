"""The attempts of one request, and the refusals of deployments that could not be called.

Every deployment is tried once, except for retries. A deployment that refused is tried again when
the next attempt is due, because its obstacle may have passed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Iterator, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import LeaseRefusal, Obstacle
from routersvc.domain.fleet.queue_waits import QueuePlace, QueueWait
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.race_results import BUDGET_SPENT, RaceExhausted, exhausted_result
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.failovers import forbids_another, may_differ
from routersvc.domain.racing.hedges import has_exploded
from routersvc.domain.racing.latency_lenders import refreshed_latency
from routersvc.domain.values import Value

_BESIDE = (AttemptReason.HEDGE, AttemptReason.RESCUE)
"""Reasons of attempts that start while a late one still runs."""


_Drawbacks = tuple[bool, bool, bool]

_NONE: _Drawbacks = (False, False, False)


class RaceAttempts:
    """The attempts of one plan, and the refusals of others."""

    def __init__(self, *, plan: Plan, fleet: Fleet) -> None:
        self.made: list[Attempt] = []
        self._plan = plan
        self._fleet = fleet
        self._failures: list[tuple[Deployment, Failure]] = []
        self._refusals: dict[str, LeaseRefusal] = {}
        self._overruled_waits: list[float] = []
        self._held: QueuePlace | None = None

    @property
    def running(self) -> tuple[Attempt, ...]:
        """Those that have not ended, in the order they started."""
        made = self.made
        if len(made) == 1:
            # The rule: nothing failed and nothing was late.
            return () if made[0].outcome is not AttemptOutcome.RUNNING else (made[0],)
        return tuple(attempt for attempt in made if attempt.running)

    @property
    def is_budget_spent(self) -> bool:
        """Whether the budget for extra attempts has kept a deployment from being called."""
        if not self._refusals:
            return False
        return any(refusal.obstacle is Obstacle.BUDGET_SPENT for refusal in self._refusals.values())

    def refusal(self, deployment: Deployment) -> LeaseRefusal | None:
        """Return why a deployment refused when it was asked last; `None` if it did not."""
        return self._refusals.get(deployment.name)

    def refused(self, reason: AttemptReason, now: float) -> Iterator[LeaseRefusal]:
        """Yield the refusals of the deployments that have not been tried, best one first."""
        for deployment in self.untried(reason, now):
            refusal = self._refusals.get(deployment.name)
            if refusal is not None:
                yield refusal

    def failed(self, attempt: Attempt, failure: Failure) -> None:
        """Record a failure: deployments where it would repeat itself are not tried."""
        self._failures.append((attempt.deployment, failure))

    def forbids_another(self, attempt: Attempt, failure: Failure) -> bool:
        """Whether no other deployment can help after this failure, or none may be tried."""
        classes = (earlier.failure_class for _, earlier in self._failures)
        return forbids_another(attempt, failure, plan=self._plan, classes=classes)

    def untried(self, reason: AttemptReason, now: float) -> Iterator[Deployment]:
        """Yield the deployments that may succeed, best first: unused failure domains first.

        Unused are those where no attempt runs, and to which no connection has failed. A first
        attempt may be the probe of a recovering deployment. Later attempts try those last,
        and hedges try deployments last whose own latency has exploded.
        """
        if not self.made and reason is AttemptReason.FIRST:
            yield from self._plan.deployments
            return
        tried = {attempt.deployment.name for attempt in self.made}
        busy = {attempt.deployment.failure_domain for attempt in self.running}
        busy |= {
            failed.failure_domain
            for failed, failure in self._failures
            if failure.failure_class is FailureClass.CONNECT
        }
        later: list[tuple[_Drawbacks, Deployment]] = []
        for deployment in self._plan.deployments:
            if deployment.name in tried or not self._can_differ(deployment):
                continue
            drawbacks = self._drawbacks(deployment, busy, reason, now)
            if drawbacks == _NONE:
                # Nothing better can follow; most callers take the first.
                yield deployment
            else:
                later.append((drawbacks, deployment))
        later.sort(key=_drawbacks_of)
        for _, deployment in later:
            yield deployment

    def best_untried(self, reason: AttemptReason, now: float) -> Deployment | None:
        """Return the first that `untried` yields; `None` where it yields none."""
        if len(self.made) == 1 and not self._failures:
            # The rule: one attempt runs, and another deployment has no drawback.
            only = self.made[0].deployment
            busy = (only.failure_domain,)
            for deployment in self._plan.deployments:
                if (
                    deployment.name != only.name
                    and self._drawbacks(deployment, busy, reason, now) == _NONE
                ):
                    return deployment
        return next(self.untried(reason, now), None)

    def _drawbacks(
        self, deployment: Deployment, busy: Container[str], reason: AttemptReason, now: float
    ) -> _Drawbacks:
        """Return whether it shares a failure domain, recovers, or has exploded in latency."""
        return (
            deployment.failure_domain in busy,
            self._fleet.is_recovering(deployment),
            reason in _BESIDE and self._has_latency_surge(deployment, now),
        )

    def _has_latency_surge(self, deployment: Deployment, now: float) -> bool:
        """Whether an attempt beside the late one would not help: latency has exploded there too."""
        latency = refreshed_latency(self._fleet, deployment, self._plan, now)
        return has_exploded(latency, self._plan.hedging_rule)

    def start_other(self, reason: AttemptReason, caused_by: int, now: float) -> Attempt | None:
        """Start the next deployment that has not been tried; `None` where all are refused."""
        asked_before = self.is_budget_spent
        for deployment in self.untried(reason, now):
            attempt = self.start(deployment, reason, caused_by, now, asked_before=asked_before)
            if attempt is not None:
                return attempt
        return None

    def start(
        self,
        deployment: Deployment,
        reason: AttemptReason,
        caused_by: int,
        now: float,
        *,
        asked_before: bool = False,
        forced: bool = False,
    ) -> Attempt | None:
        """Start an attempt on one deployment, on its held place if there is one.

        Return `None` where it is refused. `asked_before` and `forced` are those of `Fleet.start`.
        """
        held = self._held if self._held and self._held.deployment is deployment else None
        lease = self._fleet.start(
            deployment,
            self._plan,
            reason=reason,
            now=now,
            asked_before=asked_before,
            forced=forced,
            ticket=None if held is None else held.ticket,
        )
        if isinstance(lease, LeaseRefusal):
            self._refusals[deployment.name] = lease
            return None
        if held is not None:
            self._held = None
        refusal = self._refusals.pop(deployment.name, None)
        if forced and refusal is not None and refusal.wait is not None:
            self._overruled_waits.append(refusal.wait)
        attempt = Attempt(
            number=len(self.made) + 1,
            deployment=deployment,
            reason=reason,
            caused_by=caused_by,
            lease=lease,
            started_at=now,
        )
        self.made.append(attempt)
        return attempt

    def can_pay_retry(self, deployment: Deployment, now: float) -> bool:
        """Whether the budgets have a retry left; where they have none, that is a refusal."""
        refusal = self._fleet.retry_refusal(deployment, self._plan, now)
        if refusal is not None:
            self._refusals[deployment.name] = refusal
        return refusal is None

    def hold(self, place: QueuePlace) -> None:
        """Keep a place that was granted, for an attempt there or until `release_place`."""
        self._held = place

    def release_place(self, now: float) -> None:
        """Free the held place that no attempt has taken."""
        if self._held is not None:
            ticket = self._held.ticket
            self._held = None
            ticket.limiter.released(ticket, now)

    def wait_for_place(
        self,
        deployments: Sequence[Deployment],
        reason: AttemptReason,
        caused_by: int,
        on_place: Callable[[], None],
        now: float,
    ) -> QueueWait | None:
        """Queue for a place at the best of `deployments` that have just refused for being full.

        `None` where none is full, or their queues are full as well.
        """
        full = [
            deployment
            for deployment in deployments
            if (refusal := self._refusals.get(deployment.name)) is not None
            and refusal.obstacle is Obstacle.FULL
        ]
        return self._fleet.enqueue(
            full, reason=reason, caused_by=caused_by, on_start=on_place, now=now
        )

    def exhausted_result(self, decisive: Failure | None = None) -> RaceExhausted:
        """Return the result of the race; the refusals count where nothing was attempted."""
        failures = [failure for _, failure in self._failures]
        refused = [refusal.failure() for refusal in self._refusals.values()]
        waits = [failure.retry_after for failure in refused if failure.retry_after is not None]
        waits += self._overruled_waits
        return exhausted_result(
            failures or refused, decisive, waits=waits, is_budget_spent=self.is_budget_spent
        )

    def note_spent_budget(self) -> None:
        """Say in the report of the latest attempt why none followed it."""
        latest = self.made[-1] if self.made else None
        if latest is not None and latest.failure is not None:
            message = f"{latest.failure.message}; {BUDGET_SPENT}"
            latest.failure = dataclasses.replace(latest.failure, message=message)

    def _can_differ(self, deployment: Deployment) -> bool:
        """Whether `deployment` may succeed where those before it failed."""
        return not self._failures or all(
            may_differ(deployment, failed, failure, tokens=self._plan.tokens)
            for failed, failure in self._failures
        )


def _drawbacks_of(candidate: tuple[_Drawbacks, Deployment]) -> _Drawbacks:
    return candidate[0]


class StartAttempt(Value, frozen=True):
    """Start this attempt now."""

    attempt: Attempt


class CancelAttempt(Value, frozen=True):
    """Cancel this attempt now; its outcome is already settled."""

    attempt: Attempt


RaceStep = StartAttempt | CancelAttempt
