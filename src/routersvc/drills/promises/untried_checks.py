"""Checks that no call failed while a deployment that may serve it was left untried.

It knows the health that the router reports and the attempts that the drill observed, not the rules
of the race. Where it cannot see whether another attempt was allowed (a charged one, a request with
side effects, a failure after which only some deployments help), it finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from routersvc.domain.catalogue.policies import Policy, Priority
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.health import DeploymentHealth, HealthState
from routersvc.domain.outcomes.errors import AttemptsFailedError
from routersvc.domain.outcomes.failure_rules import CallerOutcome, FailoverRule
from routersvc.drills.promises.promise_records import LiveCall

_ANSWERS_FROM = 0.5
"""An extra attempt is free where at least this share of a deployment's calls succeeds."""

_TEMPORARY = frozenset({CallerOutcome.UNAVAILABLE, CallerOutcome.RATE_LIMITED})
_ROUNDING = 1e-6


def left_untried(
    call: LiveCall,
    error: BaseException | None,
    *,
    policy: Policy,
    deployments: Sequence[str],
    health: Callable[[str], DeploymentHealth],
    now: float,
) -> Sequence[str]:
    """Return the names of the `deployments` that should have been tried before the call failed.

    `health` is asked only about those that were left untried: of most calls, about none.
    """
    if not isinstance(error, AttemptsFailedError) or error.caller_outcome not in _TEMPORARY:
        return ()
    if not _may_go_on(call, policy, now):
        return ()
    tried = {attempt.deployment for attempt in call.attempts}
    return [
        name
        for name in deployments
        if name not in tried and _admits(found := health(name)) and (not tried or _is_free(found))
    ]


def _may_go_on(call: LiveCall, policy: Policy, now: float) -> bool:
    """Whether attempts and deadline are left, and every failure may be answered by any other."""
    if len(call.attempts) >= policy.max_attempts:
        return False
    if call.deadline - now < policy.timeouts.useful + _ROUNDING:
        return False
    routing = call.request.routing
    if routing.priority is Priority.LOW:
        # Shed before others.
        return False
    if call.attempts and (routing.has_side_effects or call.request.previous_attempts):
        return False
    failures = [attempt.report.failure for attempt in call.attempts if attempt.report is not None]
    return all(one is None or one.rule.failover is FailoverRule.ANY for one in failures)


def _admits(health: DeploymentHealth) -> bool:
    """Whether nothing forbids a call, not even as a last resort. An open breaker does not."""
    return (
        health.state is not HealthState.DISABLED
        and not health.disabled_description
        and health.not_before_delay is None
        and health.headroom is None
        and not health.queued
        and (health.concurrency_limit is None or health.in_flight < health.concurrency_limit)
    )


def _is_free(health: DeploymentHealth) -> bool:
    """Whether an extra attempt there is traffic that moves, and costs no budget."""
    if health.success_rate is None:
        return True
    is_closed = health.breaker.state is BreakerState.CLOSED
    return is_closed and health.success_rate >= _ANSWERS_FROM
