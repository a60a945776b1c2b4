"""What a race starts, waits for and gives up, told the time."""

from __future__ import annotations

import dataclasses
import random

import pytest
from tests.unit.domain.plans import fleet_of, plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority, RetryRule
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.fleet.queue_waits import QueueWait
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.race_results import RaceBroken, RaceDeadlinePassed, RaceExhausted
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.race_attempts import RaceStep, StartAttempt
from routersvc.domain.racing.races import Race
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")
B = scripted_deployment("b")
C = scripted_deployment("c")
FAILED = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 500")
CUT = Failure(failure_class=FailureClass.TRUNCATED, message="cut")
BUSY = Failure(failure_class=FailureClass.OVERLOADED, message="status 529", retry_after=60.0)
NOBODY = Failure(failure_class=FailureClass.CONNECT, message="refused")
STALE = Failure(failure_class=FailureClass.RESET, message="reset", connection_was_idle=True)
HEDGED = HedgingRule(mode=HedgingMode.DELAYED, delay=0.3, max_parallel=3)
ONE_PLACE = FleetRules(
    deployments=DeploymentRules(
        concurrency=ConcurrencyRule(initial=1, minimum=1, maximum=1, max_wait=10.0)
    )
)

ONE_FRAGILE_PLACE = FleetRules(
    deployments=dataclasses.replace(
        ONE_PLACE.deployments, breaker=BreakerRule(consecutive_failures=1)
    )
)
"""The first failure opens the breaker."""


def race_of(plan: Plan, fleet: Fleet | None = None, *, started_at: float = 0.0) -> Race:
    """Return a race that draws from one seed."""
    return Race(
        plan=plan,
        fleet=fleet or fleet_of(*plan.deployments),
        random=random.Random(0),
        started_at=started_at,
    )


def taken(fleet: Fleet, *plans: Plan) -> list[Lease]:
    """Take a place at the first deployment of each plan."""
    leases = [
        fleet.start(plan.deployments[0], plan, reason=AttemptReason.FIRST, now=0.0)
        for plan in plans
    ]
    assert all(isinstance(lease, Lease) for lease in leases)
    return [lease for lease in leases if isinstance(lease, Lease)]


def waiting_at(fleet: Fleet, plan: Plan) -> QueueWait:
    """Stand in the queue of a plan's first deployment."""
    waiting = fleet.enqueue(
        plan.deployments[:1],
        reason=AttemptReason.FIRST,
        caused_by=0,
        on_start=lambda: None,
        now=0.0,
    )
    assert waiting is not None
    return waiting


def told(race: Race) -> list[tuple[str, AttemptReason, int]]:
    """Return deployment, reason and cause of every attempt."""
    return [(one.deployment.name, one.reason, one.caused_by) for one in race.attempts]


def only(steps: list[RaceStep]) -> Attempt:
    """Return the one attempt that starts."""
    (step,) = steps
    assert isinstance(step, StartAttempt)
    return step.attempt


def test_request_that_arrives_pays_for_its_extra_attempts() -> None:
    """Without a reserve there is nothing but what requests bring with them."""
    rules = FleetRules(budgets=BudgetRule(share=1.0, hedge_share=1.0, reserve=0, hedge_reserve=0))
    race = race_of(plan_over(A, B, C), fleet_of(A, B, C, rules=rules))
    first = only(race.begin(0.0))
    second = only(race.failed(first, FAILED, 0.1))

    third = only(race.failed(second, FAILED, 0.2))

    assert third.deployment is C


def test_failovers_are_free() -> None:
    """As long as they go to deployments that may answer."""
    none = BudgetRule(share=0.0, hedge_share=0.0, reserve=0, hedge_reserve=0)
    race = race_of(plan_over(A, B, C), fleet_of(A, B, C, rules=FleetRules(budgets=none)))
    first = only(race.begin(0.0))

    second = only(race.failed(first, FAILED, 0.1))
    third = only(race.failed(second, BUSY, 0.2))

    assert (second.deployment, third.deployment) == (B, C)


def test_first_attempt_of_no_time_is_none() -> None:
    """A deadline that has passed on arrival is told as such, with nothing begun."""
    race = race_of(plan_over(A))

    steps = race.begin(60.0)

    assert steps == []
    assert isinstance(race.result, RaceDeadlinePassed)


def test_time_that_is_just_useful_is_used() -> None:
    """`useful` seconds are enough for a failover."""
    plan = plan_over(A, B)
    timeouts = dataclasses.replace(plan.timeouts, useful=0.5)
    race = race_of(dataclasses.replace(plan, timeouts=timeouts))
    first = only(race.begin(0.0))

    assert only(race.failed(first, FAILED, 59.5)).deployment is B


def test_answer_that_has_begun_may_be_silent_for_so_long() -> None:
    """Where the whole answer is awaited its parts count as signs of life."""
    race = race_of(dataclasses.replace(plan_over(A), streaming=False))
    attempt = only(race.begin(0.0))

    race.content_arrived(attempt, 3.0)

    assert race.wake_at == 3.0 + race.plan.timeouts.idle


def test_served_attempt_has_its_end() -> None:
    """Its duration is told."""
    race = race_of(plan_over(A))
    attempt = only(race.begin(1.0))
    race.committed(attempt, 2.0)

    race.finished(5.0)

    assert attempt.ended_at == 5.0


class TestHedges:
    """Attempts beside one that is late."""

    plan = dataclasses.replace(plan_over(A, B, C), hedging_rule=HEDGED)

    def test_hedge_that_is_late_is_hedged_in_its_turn(self) -> None:
        """As many run at once as the rule allows, each a delay after the one before."""
        race = race_of(self.plan)
        race.begin(0.0)

        race.woke(0.3)

        assert race.wake_at == pytest.approx(0.6)
        race.woke(0.6)
        assert told(race) == [
            ("a", AttemptReason.FIRST, 0),
            ("b", AttemptReason.HEDGE, 1),
            ("c", AttemptReason.HEDGE, 2),
        ]

    def test_earlier_attempt_that_begins_to_answer_leaves_the_hedge_late(self) -> None:
        """Whole answers: the first content of an earlier attempt changes nothing for the hedge."""
        race = race_of(dataclasses.replace(self.plan, streaming=False))
        first = only(race.begin(0.0))
        race.woke(0.3)

        race.content_arrived(first, 0.4)

        assert race.wake_at == pytest.approx(0.6)

    def test_attempt_that_begins_to_answer_may_still_be_rescued(self) -> None:
        """A rescue starts where the deadline would be missed, also after first content."""
        fleet = fleet_of(A, B)
        for number in range(100):
            for plan in (plan_over(A), plan_over(B)):
                (lease,) = taken(fleet, plan)
                fleet.record_first_content(lease, 5.0 + number / 100)
                fleet.succeeded(lease, usage=None, now=20.0)
        unworthy = dataclasses.replace(HEDGED, mode=HedgingMode.AUTO)
        plan = dataclasses.replace(
            self.plan,
            deployments=(A, B),
            streaming=False,
            priority=Priority.LOW,
            hedging_rule=unworthy,
        )
        race = race_of(plan, fleet, started_at=21.0)
        first = only(race.begin(21.0))

        for instant in range(22, 42):
            race.content_arrived(first, float(instant))
            race.woke(float(instant))
        rescue_at = race.wake_at
        race.woke(rescue_at)

        assert rescue_at == pytest.approx(41.0, abs=2.0)
        assert told(race)[-1] == ("b", AttemptReason.RESCUE, 1)

    def test_refused_hedge_is_asked_for_again(self) -> None:
        """With the attempt's own lateness as its pause, and before others are asked."""
        fleet = fleet_of(A, B, rules=ONE_PLACE)
        (busy,) = taken(fleet, plan_over(B))
        race = race_of(dataclasses.replace(self.plan, deployments=(A, B)), fleet)
        race.begin(0.0)

        assert race.woke(0.3) == []
        assert race.wake_at == pytest.approx(0.5)
        assert race.woke(0.5) == []
        assert race.wake_at == pytest.approx(0.7)
        fleet.released(busy, 0.6)

        assert only(race.woke(race.wake_at)).reason is AttemptReason.HEDGE

    def test_hedge_that_no_budget_paid_for_has_the_last_of_it(self) -> None:
        """Asked once it leaves that to others, asked twice it takes it."""
        rule = BudgetRule(share=1.0, hedge_share=1.0, reserve=0, hedge_reserve=0)
        fleet = fleet_of(A, B, C, rules=FleetRules(budgets=rule))
        race = race_of(self.plan, fleet)
        for _ in range(3):
            fleet.request_started(self.plan, 0.0)
        race.begin(0.0)
        for reason in (AttemptReason.HEDGE, AttemptReason.RETRY, AttemptReason.HEDGE):
            spent = fleet.start(B, self.plan, reason=reason, now=0.0)
            assert isinstance(spent, Lease)
            fleet.released(spent, 0.0)

        assert race.woke(0.3) == []

        assert only(race.woke(race.wake_at)).deployment is B

    def test_free_retry_is_hedged_like_any_attempt(self) -> None:
        """The delay runs from its own start."""
        race = race_of(self.plan)
        first = only(race.begin(0.0))

        again = only(race.failed(first, STALE, 1.0))

        assert again.deployment is A
        assert race.wake_at == pytest.approx(1.3)

    def test_retry_after_a_pause_is_hedged_like_any_attempt(self) -> None:
        """The policy prefers the same deployment, and somebody else where that is late."""
        rule = RetryRule(only_without_alternative=False)
        race = race_of(dataclasses.replace(self.plan, retries=rule))
        race.failed(only(race.begin(0.0)), FAILED, 0.1)
        at = race.wake_at

        again = only(race.woke(at))

        assert (again.deployment, again.reason) == (A, AttemptReason.RETRY)
        assert race.wake_at == pytest.approx(at + 0.3)

    def test_forced_attempt_is_hedged_like_any_attempt(self) -> None:
        """The least bad choice may be late as well."""
        fleet = fleet_of(A, B, rules=FleetRules(deployments=broken_after_one()))
        broken(fleet, A, 0.0)
        broken(fleet, B, 0.0)
        race = race_of(dataclasses.replace(self.plan, deployments=(A, B)), fleet)

        only(race.begin(0.1))

        assert race.first_hedging is not None

    def test_attempt_that_has_waited_is_hedged_like_any_attempt(self) -> None:
        """The delay runs from its start, not from that of its wait."""
        fleet = fleet_of(A, B, rules=ONE_PLACE)
        first, _ = taken(fleet, plan_over(A), plan_over(B))
        race = race_of(dataclasses.replace(self.plan, deployments=(A, B)), fleet)
        assert race.begin(0.0) == []
        fleet.released(first, 2.0)

        only(race.woke(2.0))

        assert race.wake_at == pytest.approx(2.3)

    def test_retry_that_is_refused_leaves_alone_what_runs(self) -> None:
        """Nothing is given up while an answer may still come."""
        rule = RetryRule(only_without_alternative=False, base_delay=5.0)
        plan = dataclasses.replace(self.plan, deployments=(A, B), retries=rule)
        fleet = fleet_of(A, B)
        (companion,) = taken(fleet, plan)
        race = race_of(plan, fleet)
        first = only(race.begin(0.0))
        hedge = only(race.woke(0.3))
        race.failed(first, FAILED, 0.4)
        fleet.failed(companion, BUSY, 0.5)

        steps = race.woke(race.wake_at)

        assert steps == []
        assert race.result is None
        assert race.running == (hedge,)

    def test_hedge_is_timed_for_the_deployment_it_would_go_to(self) -> None:
        """One that is late itself is asked last, and does not keep the others from helping."""
        fleet = fleet_of(A, B, C)
        for number in range(300):
            is_late = number >= 200
            (lease,) = taken(fleet, plan_over(B))
            fleet.record_first_content(lease, 20.0 if is_late else 1.0)
            fleet.succeeded(lease, usage=None, now=20.0 if is_late else 1.0)
        race = race_of(self.plan, fleet, started_at=21.0)

        race.begin(21.0)

        assert race.wake_at == pytest.approx(21.3)
        assert only(race.woke(race.wake_at)).deployment is C


class TestRecovery:
    """Answers that break after their first content."""

    plan = dataclasses.replace(plan_over(A, B), stream_recovery=StreamRecoveryMode.RESTART)

    def test_recovery_is_told_with_its_cause(self) -> None:
        """Until it commits there is no winner, and it may be late like any attempt."""
        race = race_of(self.plan)
        first = only(race.begin(0.0))
        race.committed(first, 1.0)

        only(race.broke(CUT, 2.0))

        assert told(race)[-1] == ("b", AttemptReason.RECOVERY, 1)
        assert race.winner is None
        assert race.wake_at == 2.0 + self.plan.timeouts.first_content

    def test_answer_that_is_not_recovered_starts_nothing(self) -> None:
        """The mode forbids it, or no deployment is left."""
        race = race_of(dataclasses.replace(self.plan, stream_recovery=StreamRecoveryMode.FAIL))
        race.committed(only(race.begin(0.0)), 1.0)

        steps = race.broke(CUT, 2.0)

        assert steps == []
        assert isinstance(race.result, RaceBroken)


class TestWaiting:
    """Calls that wait for a place."""

    def test_place_that_became_free_is_due_at_once(self) -> None:
        """Also without a callback."""
        fleet = fleet_of(A, rules=ONE_PLACE)
        (lease,) = taken(fleet, plan_over(A))
        race = race_of(plan_over(A), fleet)
        race.begin(0.0)
        assert race.wake_at == 10.0

        fleet.released(lease, 1.0)

        assert race.wake_at <= 1.0

    def test_first_attempt_that_waited_has_no_cause(self) -> None:
        """Nothing failed before it."""
        fleet = fleet_of(A, rules=ONE_PLACE)
        (lease,) = taken(fleet, plan_over(A))
        race = race_of(plan_over(A), fleet)
        race.begin(0.0)
        fleet.released(lease, 1.0)

        race.woke(1.0)

        assert told(race) == [("a", AttemptReason.FIRST, 0)]

    def test_abandoned_call_gives_its_place_to_the_next_in_line(self) -> None:
        """From that moment on, not from an unknown one."""
        fleet = fleet_of(A, rules=ONE_PLACE)
        (lease,) = taken(fleet, plan_over(A))
        race = race_of(plan_over(A), fleet)
        race.begin(0.0)
        following = waiting_at(fleet, plan_over(A))
        fleet.released(lease, 1.0)

        race.abandoned(2.0)

        assert following.granted is not None
        assert following.granted.ticket.started_at == 2.0

    def test_place_that_comes_too_late_goes_to_the_next_in_line(self) -> None:
        """From that moment on, not from an unknown one."""
        fleet = fleet_of(A, rules=ONE_PLACE)
        (lease,) = taken(fleet, plan_over(A))
        race = race_of(dataclasses.replace(plan_over(A), timeout=5.0), fleet)
        race.begin(0.0)
        following = waiting_at(fleet, plan_over(A))
        fleet.released(lease, 4.98)

        assert race.woke(4.98) == []

        assert isinstance(race.result, RaceExhausted)
        assert following.granted is not None
        assert following.granted.ticket.started_at == 4.98

    def test_failover_that_waited_and_is_refused_goes_on_for_the_same_reason(self) -> None:
        """Its turn came where it may no longer go; the others have theirs, with the same cause."""
        fleet = fleet_of(A, B, C, rules=ONE_PLACE)
        race = race_of(plan_over(A, B, C), fleet)
        first = only(race.begin(0.0))
        at_b, at_c = taken(fleet, plan_over(B), plan_over(C))
        assert race.failed(first, FAILED, 0.1) == []
        # b asks for time and lets its place go; c is free a moment later.
        fleet.failed(at_b, BUSY, 1.0)
        fleet.released(at_c, 1.0)

        race.woke(1.0)

        assert told(race) == [("a", AttemptReason.FIRST, 0), ("c", AttemptReason.FAILOVER, 1)]

    def test_lone_deployment_whose_breaker_opens_is_forced_on_the_place_it_gave(self) -> None:
        """Nothing else could serve the call, and its place is not lost meanwhile."""
        fleet = fleet_of(A, rules=ONE_FRAGILE_PLACE)
        (lease,) = taken(fleet, plan_over(A))
        race = race_of(plan_over(A), fleet)
        race.begin(0.0)
        following = waiting_at(fleet, plan_over(A))
        fleet.failed(lease, FAILED, 1.0)

        race.woke(1.0)

        assert told(race) == [("a", AttemptReason.FIRST, 0)]
        assert following.granted is None

    def test_place_at_an_open_breaker_is_given_back_where_another_serves(self) -> None:
        """The next in line has it."""
        fleet = fleet_of(A, B, rules=ONE_FRAGILE_PLACE)
        at_a, at_b = taken(fleet, plan_over(A), plan_over(B))
        race = race_of(plan_over(A, B), fleet)
        race.begin(0.0)
        following = waiting_at(fleet, plan_over(A))
        fleet.failed(at_a, FAILED, 1.0)
        fleet.released(at_b, 1.0)

        race.woke(1.0)

        assert told(race) == [("b", AttemptReason.FIRST, 0)]
        assert following.granted is not None

    def test_queues_are_those_of_the_first_two_of_the_plan(self) -> None:
        """The order of the plan decides where it stands, not how often."""
        fleet = fleet_of(A, B, C, rules=ONE_PLACE)
        leases = taken(fleet, plan_over(A), plan_over(B), plan_over(C))
        race = race_of(plan_over(A, B, C), fleet)

        race.begin(0.0)

        assert fleet.waiting_tickets == 2
        fleet.released(leases[2], 1.0)
        assert race.wake_at == 10.0
        fleet.released(leases[0], 1.0)
        assert race.wake_at <= 1.0


def broken_after_one() -> DeploymentRules:
    """Return rules by which the first failure opens a breaker."""
    return DeploymentRules(breaker=BreakerRule(consecutive_failures=1))


def broken(fleet: Fleet, deployment: Deployment, now: float) -> None:
    """Open a deployment's breaker."""
    (lease,) = taken(fleet, plan_over(deployment))
    fleet.failed(lease, FAILED, now)


def test_least_bad_is_forced_where_all_refuse() -> None:
    """Open breakers: the deployment without a running attempt, then the other one."""
    fleet = fleet_of(A, B, rules=FleetRules(deployments=broken_after_one()))
    broken(fleet, A, 0.0)
    broken(fleet, B, 0.0)
    only(race_of(plan_over(A, B), fleet).begin(0.1))
    race = race_of(plan_over(A, B), fleet)

    first = only(race.begin(0.1))
    race.failed(first, FAILED, 0.2)

    assert told(race) == [("b", AttemptReason.FIRST, 0), ("a", AttemptReason.FAILOVER, 1)]


def test_lone_deployment_whose_provider_asks_for_a_long_pause_is_not_tried_again() -> None:
    """A retry that would be refused for its gate is none."""
    fleet = fleet_of(A)
    (companion,) = taken(fleet, plan_over(A))
    race = race_of(plan_over(A), fleet)
    attempt = only(race.begin(0.0))
    pause = dataclasses.replace(BUSY, retry_after=3600.0)
    fleet.failed(companion, pause, 0.1)

    steps = race.failed(attempt, FAILED, 0.2)

    assert steps == []
    assert isinstance(race.result, RaceExhausted)


def test_call_does_not_wait_for_a_retry_that_no_budget_pays() -> None:
    """The caller hears at once what it would hear after the pause."""
    none = BudgetRule(share=0.0, hedge_share=0.0, reserve=0, hedge_reserve=0)
    race = race_of(plan_over(A), fleet_of(A, rules=FleetRules(budgets=none)))

    steps = race.failed(only(race.begin(0.0)), FAILED, 0.1)

    assert steps == []
    assert isinstance(race.result, RaceExhausted)
    assert race.result.is_budget_spent
