"""Which deployment a race tries next, and what it makes of refusals."""

from __future__ import annotations

import dataclasses

from tests.unit.domain.plans import fleet_of, plan_over

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.race_attempts import RaceAttempts
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")
B = scripted_deployment("b")
BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")


def start(fleet: Fleet, plan: Plan, now: float) -> Lease:
    """Start a first attempt that nothing keeps from starting."""
    lease = fleet.start(plan.deployments[0], plan, reason=AttemptReason.FIRST, now=now)
    assert isinstance(lease, Lease)
    return lease


class TestUntried:
    """In which order a call that needs another deployment asks."""

    def test_recovering_deployment_is_asked_last_by_a_call_in_trouble(self) -> None:
        """A first attempt may be its probe; a failover is no time for experiments."""
        rules = FleetRules(
            deployments=DeploymentRules(breaker=BreakerRule(open_time=1.0, open_jitter=0.0))
        )
        fleet, plan = fleet_of(A, B, rules=rules), plan_over(A, B)
        for _ in range(5):
            fleet.failed(start(fleet, plan, 0.0), BROKEN, 0.0)
        attempts = RaceAttempts(plan=plan, fleet=fleet)

        first = list(attempts.untried(AttemptReason.FIRST, 2.0))
        failover = list(attempts.untried(AttemptReason.FAILOVER, 2.0))

        assert first == [A, B]
        assert failover == [B, A]

    def test_others_of_an_unreachable_provider_are_asked_last(self) -> None:
        """No connection: they are behind the same address. Any other failure keeps the order."""
        same_provider = dataclasses.replace(A, name="a-too")
        fleet, plan = fleet_of(A, same_provider, B), plan_over(A, same_provider, B)
        for failure, expected in (
            (Failure(failure_class=FailureClass.CONNECT, message="refused"), [B, same_provider]),
            (BROKEN, [same_provider, B]),
        ):
            attempts = RaceAttempts(plan=plan, fleet=fleet)
            attempt = attempts.start(A, AttemptReason.FIRST, 0, 0.0)
            assert attempt is not None
            attempt.outcome = AttemptOutcome.FAILED
            attempts.failed(attempt, failure)
            fleet.failed(attempt.lease, failure, 0.0)

            assert list(attempts.untried(AttemptReason.FAILOVER, 0.0)) == expected

    def test_hedge_goes_last_to_where_all_are_late(self) -> None:
        """More load would not help there; a failover has to go somewhere."""
        fleet = fleet_of(A, B)
        plan = dataclasses.replace(
            plan_over(A, B),
            hedging_rule=HedgingRule(mode=HedgingMode.DELAYED, min_samples=20, max_delay=5.0),
        )
        for _ in range(30):
            lease = start(fleet, plan, 0.0)
            fleet.record_first_content(lease, 9.0)
            fleet.succeeded(lease, usage=None, now=9.0)
        attempts = RaceAttempts(plan=plan, fleet=fleet)

        assert list(attempts.untried(AttemptReason.HEDGE, 9.0)) == [B, A]
        assert list(attempts.untried(AttemptReason.RESCUE, 9.0)) == [B, A]
        assert list(attempts.untried(AttemptReason.FAILOVER, 9.0)) == [A, B]

    def test_refusal_is_forgotten_once_its_deployment_is_called(self) -> None:
        """What no longer keeps a call away is not told to the caller either."""
        fleet, plan = fleet_of(A), plan_over(A)
        lease = start(fleet, plan, 0.0)
        fleet.record_headroom(
            lease, RateLimitHeadroom(remaining_requests=0, requests_reset=8.0), 0.0
        )
        attempts = RaceAttempts(plan=plan, fleet=fleet)

        refused = attempts.start(A, AttemptReason.FIRST, 0, 1.0)
        before = attempts.refusal(A)
        started = attempts.start(A, AttemptReason.FIRST, 0, 9.0)

        assert refused is None
        assert before is not None
        assert started is not None
        assert attempts.refusal(A) is None
