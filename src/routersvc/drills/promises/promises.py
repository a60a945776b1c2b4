"""Checks the promises of the design after every event of a drill, from outside the router.

What the router reports (to its observer, as health) is compared with what providers and callers
observed. Every method is called at the time of the event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.fleet.attempt_budgets import is_charged
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.drills.plans.drill_plans import DrillPlan
from routersvc.drills.promises.budget_checks import BudgetAccount
from routersvc.drills.promises.health_checks import DeploymentWatch, is_callable, may_be_forced
from routersvc.drills.promises.promise_records import LiveAttempt, LiveCall, Promise, Violation
from routersvc.drills.promises.received_answers import ReceivedAnswer
from routersvc.drills.promises.untried_checks import left_untried

MAX_VIOLATIONS = 100
"""Later violations are not recorded: they usually follow from the first."""

_ROUNDING = 1e-9


class PromiseKeeper:
    """Checks one drill and collects `violations`.

    `health` returns the health of a deployment, `open_streams_of` the number of open streams of a
    request.
    """

    def __init__(
        self,
        plan: DrillPlan,
        *,
        clock: Callable[[], float],
        health: Callable[[str], DeploymentHealth],
        open_streams_of: Callable[[str], int],
    ) -> None:
        self.violations: list[Violation] = []
        self._plan = plan
        self._policy = plan.policy
        self._clock = clock
        self._health = health
        self._open_streams_of = open_streams_of
        self._calls: dict[str, LiveCall] = {}
        self._closing: list[tuple[float, str]] = []
        self._watches = {d.name: DeploymentWatch(d.name) for d in plan.deployments}
        rule = plan.rules.budgets
        self._provider_of = {d.name: d.provider or d.name for d in plan.deployments}
        self._policy_budget = BudgetAccount(rule)
        self._provider_budgets = {name: BudgetAccount(rule) for name in self._provider_of.values()}

    def arrives(self, request: Request) -> None:
        """Record the arrival of a call."""
        now = self._clock()
        self._check_closing(now)
        self._calls[request.request_id] = LiveCall(request=request, arrived_at=now)
        denied = request.routing.constraints.denied_providers
        providers = {self._provider_of[name] for name in self._policy.deployments} - denied
        if not providers:
            return
        self._policy_budget.arrived(now)
        for provider in providers:
            self._provider_budgets[provider].arrived(now)

    def started(self, request: Request, deployment: Deployment, reason: AttemptReason) -> int:
        """Check the start of an attempt; return its number in the call."""
        now = self._clock()
        self._check_closing(now)
        call = self._calls[request.request_id]
        attempt = LiveAttempt(
            request_id=request.request_id,
            deployment=deployment.name,
            reason=reason,
            number=len(call.attempts) + 1,
            started_at=now,
        )
        call.attempts.append(attempt)
        if reason in {AttemptReason.HEDGE, AttemptReason.RESCUE}:
            for each in call.attempts:
                each.ran_beside |= each.running and not each.spoke
        health = self._health(deployment.name)
        self._check_time(call, now)
        self._check_count(call)
        self._check_request(call, deployment, reason)
        self._check_probe(call, attempt, health)
        for promise, complaint in self._watches[deployment.name].started(health, now):
            self._complain(promise, complaint, request.request_id)
        self._check_budget(call, attempt, health, now)
        return attempt.number

    def ended(self, request_id: str, number: int, report: AttemptReport) -> None:
        """Check the end of an attempt."""
        self._check_closing(self._clock())
        call = self._calls[request_id]
        attempt = call.attempts[number - 1]
        if attempt.report is not None:
            self._complain(Promise.ONE_OUTCOME, f"attempt {number} ended twice", request_id)
            return
        if report.outcome is AttemptOutcome.RUNNING or report.number != number:
            self._complain(Promise.ONE_OUTCOME, f"attempt {number} ended as another", request_id)
        attempt.report = report
        watch = self._watches[attempt.deployment]
        for promise, complaint in watch.ended(
            attempt, self._health(attempt.deployment), self._clock()
        ):
            self._complain(promise, complaint, request_id)

    def told(self, request: Request, error: BaseException | None) -> None:
        """Check the end of a call as the router reports it to its observer."""
        call = self._calls[request.request_id]
        call.told += 1
        call.told_error = error
        if call.told > 1:
            self._complain(
                Promise.ONE_OUTCOME, "the call was told to end twice", request.request_id
            )
        self._check_untried(call, error)
        served = 0
        for attempt in call.attempts:
            if attempt.report is None:
                self._complain(
                    Promise.NOTHING_LEFT,
                    f"attempt {attempt.number} runs on after the call",
                    request.request_id,
                )
            elif attempt.report.outcome is AttemptOutcome.SERVED:
                served += 1
        if served != (error is None):
            self._complain(
                Promise.ONE_OUTCOME, f"{served} attempts served a call", request.request_id
            )

    def refused(self, request: Request) -> None:
        """Record a refused call as the router reports it to its observer."""
        self._calls[request.request_id].refused += 1

    def speaks(self, request_id: str, deployment: str) -> None:
        """Record first content, with which a probe has succeeded."""
        for attempt in self._calls[request_id].attempts:
            if attempt.running and attempt.deployment == deployment:
                attempt.probe_of = None
                attempt.spoke = True

    def leaves(self, request: Request, answer: ReceivedAnswer, error: BaseException | None) -> None:
        """Check the end of a call as its caller received it."""
        request_id = request.request_id
        now = self._clock()
        call = self._calls.pop(request_id)
        for complaint in answer.complaints:
            promise = Promise.NOT_TRUNCATED if "truncated" in complaint else Promise.ONE_OUTCOME
            self._complain(promise, complaint, request_id)
        if now > call.deadline + _ROUNDING:
            self._complain(
                Promise.DEADLINE, f"the caller heard {now - call.deadline:.6f} s late", request_id
            )
        if isinstance(error, RefusedError):
            if call.refused != 1 or call.told or call.attempts:
                self._complain(Promise.ONE_OUTCOME, "a refused call went on", request_id)
        elif call.told != 1 or call.refused:
            self._complain(
                Promise.ONE_OUTCOME, f"the call was told to end {call.told} times", request_id
            )
        elif (error is None) != (call.told_error is None):
            self._complain(Promise.ONE_OUTCOME, "caller and observer heard otherwise", request_id)
        if (error is None) != answer.finished:
            self._complain(Promise.ONE_OUTCOME, "a call ended without an outcome", request_id)
        if self._open_streams_of(request_id):
            # A stream that has just finished may be closed one step of the loop later.
            self._closing.append((now, request_id))

    def over(self, leftovers: Mapping[str, int]) -> None:
        """Check that nothing is left when every call has ended."""
        self._check_closing(math.inf)
        for what, count in leftovers.items():
            if count:
                self._complain(Promise.NOTHING_LEFT, f"{count} {what} at the end")
        if self._calls:
            self._complain(Promise.ONE_OUTCOME, f"{len(self._calls)} calls never ended")
        for name, watch in self._watches.items():
            for promise, complaint in watch.over(self._health(name)):
                self._complain(promise, complaint)

    def _check_closing(self, now: float) -> None:
        """Check that the streams of calls that ended earlier are closed."""
        due = [(at, request_id) for at, request_id in self._closing if at < now]
        if not due:
            return
        self._closing = self._closing[len(due) :]
        for at, request_id in due:
            left = self._open_streams_of(request_id)
            if left:
                self._complain(
                    Promise.CANCELLATION,
                    f"{left} streams outlive the call, which ended at {at:.6f} s",
                    request_id,
                )

    def _check_time(self, call: LiveCall, now: float) -> None:
        left = call.deadline - now
        if left < self._policy.timeouts.useful - _ROUNDING:
            self._complain(
                Promise.DEADLINE,
                f"attempt {len(call.attempts)} started {left:.6f} s before the deadline",
                call.request.request_id,
            )
        if call.told:
            self._complain(
                Promise.DEADLINE, "an attempt started after the end", call.request.request_id
            )

    def _check_count(self, call: LiveCall) -> None:
        allowed = self._policy.max_attempts + len(call.stale_connections)
        running = sum(attempt.running for attempt in call.attempts)
        hedging = self._policy.hedging
        parallel = 1 if hedging.mode is HedgingMode.OFF else hedging.most_parallel
        if len(call.attempts) > allowed or running > parallel:
            self._complain(
                Promise.BOUNDED,
                f"{len(call.attempts)} attempts, {running} of them at once",
                call.request.request_id,
            )

    def _check_request(self, call: LiveCall, deployment: Deployment, reason: AttemptReason) -> None:
        request = call.request
        if deployment.provider.name in request.routing.constraints.denied_providers:
            self._complain(
                Promise.CONSTRAINTS, f"`{deployment.name}` was denied", request.request_id
            )
        beside = reason in {AttemptReason.HEDGE, AttemptReason.RESCUE}
        if (beside and request.routing.has_side_effects) or (
            reason is AttemptReason.HEDGE and request.previous_attempts
        ):
            self._complain(
                Promise.BOUNDED, "a call was hedged that must not be", request.request_id
            )

    def _check_probe(self, call: LiveCall, attempt: LiveAttempt, health: DeploymentHealth) -> None:
        watch = self._watches[attempt.deployment]
        if not watch.needs_force(health):
            if health.breaker.state is BreakerState.HALF_OPEN:
                watch.probes(attempt, health)
            return
        if not may_be_forced(attempt.reason):
            self._complain(
                Promise.PROBES,
                f"a {attempt.reason.value} went to `{attempt.deployment}`, which rests",
                attempt.request_id,
            )
            return
        tried = {other.deployment for other in call.attempts}
        for name in self._allowed(call):
            if name in tried:
                continue
            other = self._health(name)
            if other.is_part_of_outage and attempt.reason is not AttemptReason.FIRST:
                # An extra attempt there is charged: the budget may have refused it.
                continue
            if is_callable(other):
                self._complain(
                    Promise.PROBES,
                    f"`{attempt.deployment}`, which rests, was called although `{name}` is well",
                    attempt.request_id,
                )

    def _check_untried(self, call: LiveCall, error: BaseException | None) -> None:
        untried = left_untried(
            call,
            error,
            policy=self._policy,
            deployments=self._allowed(call),
            health=self._health,
            now=self._clock(),
        )
        if untried:
            self._complain(
                Promise.UNTRIED,
                f"the call failed though {', '.join(f'`{name}`' for name in untried)} may serve it",
                call.request.request_id,
            )

    def _allowed(self, call: LiveCall) -> list[str]:
        """Return the deployments that the request allows, in the order of the policy."""
        denied = call.request.routing.constraints.denied_providers
        return [name for name in self._policy.deployments if self._provider_of[name] not in denied]

    def _check_budget(
        self, call: LiveCall, attempt: LiveAttempt, health: DeploymentHealth, now: float
    ) -> None:
        if call.is_repetition(attempt) or not is_charged(
            attempt.reason,
            previous_attempts=call.request.previous_attempts,
            is_part_of_outage=health.is_part_of_outage,
        ):
            return
        is_hedge = attempt.reason is AttemptReason.HEDGE
        provider = self._provider_of[attempt.deployment]
        for whose, account in (
            (f"policy `{self._policy.name}`", self._policy_budget),
            (f"provider `{provider}`", self._provider_budgets[provider]),
        ):
            if not account.spent(now, is_hedge=is_hedge):
                self._complain(
                    Promise.BOUNDED, f"the budget of {whose} is overdrawn", attempt.request_id
                )

    def _complain(self, promise: Promise, description: str, request_id: str = "") -> None:
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(
                Violation(
                    promise=promise,
                    at=self._clock(),
                    request_id=request_id,
                    description=description,
                )
            )
