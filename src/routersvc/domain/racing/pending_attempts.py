"""Attempts that wait for their time, and the retries of one request."""

from __future__ import annotations

import dataclasses
import random as random_module

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.failovers import retry_pause
from routersvc.domain.racing.race_attempts import RaceAttempts


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PendingAttempt:
    """An attempt that starts at `at`: a retry, or one after a pause that a provider asked for."""

    deployment: Deployment
    reason: AttemptReason
    at: float
    caused_by: int


class Retries:
    """The retries of one request, counted by deployment."""

    __slots__ = ("_attempts", "_deadline", "_fleet", "_made", "_plan", "_random")

    def __init__(
        self,
        *,
        plan: Plan,
        fleet: Fleet,
        attempts: RaceAttempts,
        random: random_module.Random,
        deadline: float,
    ) -> None:
        self._plan = plan
        self._attempts = attempts
        self._fleet = fleet
        self._random = random
        self._deadline = deadline
        self._made: dict[str, int] = {}

    def after(
        self, failed: Attempt, failure: Failure, now: float, *, alternative: bool = False
    ) -> PendingAttempt | None:
        """Return the retry of the deployment that failed, where class and time allow one.

        None starts too near the deadline, or while the deployment may not be called at all, and
        nobody waits for one that the budgets do not pay. With an `alternative`, none waits longer
        than the rule's `max_delay`.
        """
        plan = self._plan
        made = self._made.get(failed.deployment.name, 0)
        pause = retry_pause(failure, made=made, rule=plan.retries, random=self._random)
        if pause is None or self._deadline - (now + pause) < plan.timeouts.useful:
            return None
        if alternative and pause > plan.retries.max_delay:
            return None
        refusals = self._fleet.obstacles((failed.deployment,), plan, now + pause)
        refusal = refusals.get(failed.deployment.name)
        if refusal is not None and not (refusal.can_be_forced or refusal.obstacle is Obstacle.FULL):
            return None
        if not self._attempts.can_pay_retry(failed.deployment, now):
            return None
        return PendingAttempt(
            deployment=failed.deployment,
            reason=AttemptReason.RETRY,
            at=now + pause,
            caused_by=failed.number,
        )

    def started(self, deployment: Deployment) -> None:
        """Count a retry."""
        self._made[deployment.name] = self._made.get(deployment.name, 0) + 1
