"""A retry of one deployment that waits for its time."""

from __future__ import annotations

import dataclasses
import random as random_module

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.failovers import retry_pause


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PendingRetry:
    """An attempt on one deployment that starts at `at`."""

    deployment: Deployment
    reason: AttemptReason
    at: float
    caused_by: int


class Retries:
    """The retries of one request, counted by deployment."""

    __slots__ = ("_deadline", "_fleet", "_made", "_plan", "_random")

    def __init__(
        self, *, plan: Plan, fleet: Fleet, random: random_module.Random, deadline: float
    ) -> None:
        self._plan = plan
        self._fleet = fleet
        self._random = random
        self._deadline = deadline
        self._made: dict[str, int] = {}

    def after(self, failed: Attempt, failure: Failure, now: float) -> PendingRetry | None:
        """Return the retry of the deployment that failed, where class and time allow one.

        None starts too near the deadline, or while the deployment may not be called.
        """
        made = self._made.get(failed.deployment.name, 0)
        pause = retry_pause(failure, made=made, rule=self._plan.retries, random=self._random)
        if pause is None or self._deadline - (now + pause) < self._plan.timeouts.useful:
            return None
        if self._fleet.wait(failed.deployment, self._plan.tokens, now + pause) > 0:
            return None
        return PendingRetry(
            deployment=failed.deployment,
            reason=AttemptReason.RETRY,
            at=now + pause,
            caused_by=failed.number,
        )

    def started(self, deployment: Deployment) -> None:
        """Count a retry."""
        self._made[deployment.name] = self._made.get(deployment.name, 0) + 1
