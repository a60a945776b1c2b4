"""The least bad deployment, and what may be forced on it."""

from __future__ import annotations

import pytest
from tests.unit.domain.plans import fleet_of, plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.active_checks import CheckResult
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Lease, LeaseRefusal, Obstacle
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")
B = scripted_deployment("b")
C = scripted_deployment("c")
BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")
RULES = FleetRules(
    deployments=DeploymentRules(
        breaker=BreakerRule(consecutive_failures=1, open_time=10.0, open_jitter=0.0),
        concurrency=ConcurrencyRule(initial=2, maximum=2),
    )
)


def force(fleet: Fleet, deployment: Deployment, now: float) -> Lease | LeaseRefusal:
    """Ask for a forced attempt."""
    return fleet.start(
        deployment,
        plan_over(deployment),
        reason=AttemptReason.FIRST,
        now=now,
        forced=True,
    )


def forced(fleet: Fleet, deployment: Deployment, now: float) -> Lease:
    """Force an attempt that nothing keeps from starting."""
    lease = force(fleet, deployment, now)
    assert isinstance(lease, Lease)
    return lease


def test_failing_deployments_take_turns() -> None:
    """Without a success the one that was tried longest ago is next."""
    fleet = fleet_of(A, B, C)
    order: list[str] = []
    for now in range(6):
        chosen = fleet.least_bad((A, B, C), float(now))
        order.append(chosen.name)
        fleet.failed(forced(fleet, chosen, float(now)), BROKEN, now + 0.5)

    assert order == ["a", "b", "c", "a", "b", "c"]


def test_running_attempt_counts_as_tried_now() -> None:
    """Calls of one moment spread, however long each attempt hangs."""
    fleet = fleet_of(A, B, C)
    for at, deployment in enumerate((A, B, C)):
        lease = forced(fleet, deployment, float(at))
        if deployment is not A:
            fleet.failed(lease, BROKEN, at + 0.5)

    assert fleet.least_bad((A, B, C), 10.0) is B
    assert fleet.least_bad((A,), 10.0) is A


@pytest.mark.parametrize("ends", [True, False])
def test_deployment_that_served_last_comes_first(ends: bool) -> None:  # noqa: FBT001 - a parameter
    """A first content counts, a failure after it does as well."""
    fleet = fleet_of(A, B)
    fleet.failed(forced(fleet, B, 0.0), BROKEN, 0.5)
    lease = forced(fleet, B, 1.0)
    fleet.record_first_content(lease, 1.5)
    if ends:
        fleet.succeeded(lease, usage=None, now=2.0)
    served = fleet.least_bad((A, B), 3.0)
    fleet.failed(forced(fleet, B, 3.0), BROKEN, 3.5)

    assert served is B
    assert fleet.least_bad((A, B), 4.0) is A


def test_most_recent_success_comes_first() -> None:
    """Of two that served."""
    fleet = fleet_of(A, B)
    for now, deployment in enumerate((A, B)):
        fleet.succeeded(forced(fleet, deployment, float(now)), usage=None, now=now + 0.5)

    assert fleet.least_bad((A, B), 3.0) is B


def test_breaker_check_and_headroom_can_be_forced() -> None:
    """An attempt is better than none; a half-open breaker whose probe is out as well."""
    fleet = fleet_of(A, B, C, rules=RULES)
    fleet.failed(forced(fleet, A, 0.0), BROKEN, 0.0)
    fleet.checked(B, CheckResult(failure=BROKEN, duration=0.1), 0.0)
    none_left = RateLimitHeadroom(remaining_requests=0, requests_reset=60.0)
    fleet.record_headroom(forced(fleet, C, 0.0), none_left, 0.0)

    assert all(isinstance(force(fleet, one, 1.0), Lease) for one in (A, B, C))
    probes = [force(fleet, A, 10.0)]
    assert all(isinstance(probe, Lease) for probe in probes)


def test_gate_disablement_and_places_cannot_be_forced() -> None:
    """A provider that asked for a pause gets it, a refused key is not sent again."""
    fleet = fleet_of(A, B, C, rules=RULES)
    paused = Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=30.0)
    refused = Failure(failure_class=FailureClass.MODEL_NOT_FOUND, message="status 404")
    fleet.failed(forced(fleet, A, 0.0), paused, 0.0)
    asked = [forced(fleet, B, 0.0) for _ in range(2)]
    for lease in asked:
        fleet.failed(lease, refused, 0.0)
        forced(fleet, C, 0.0)

    refusals = [force(fleet, one, 1.0) for one in (A, B, C)]

    assert [isinstance(one, LeaseRefusal) and one.obstacle for one in refusals] == [
        Obstacle.GATED,
        Obstacle.MODEL_DISABLED,
        Obstacle.FULL,
    ]
    assert not any(isinstance(one, LeaseRefusal) and one.can_be_forced for one in refusals)
