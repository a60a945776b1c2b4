"""Equal deployments in the order in which to try them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.unit.domain.plans import plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.fleet_views import PlanningView, ReadingView
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.fleet.load_balancing import DRAWN, LoadBalancer
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.worlds import scripted_deployment

BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")
SOON = Failure(failure_class=FailureClass.RATE_LIMITED, message="status 429", retry_after=0.5)
RULES = DeploymentRules(
    breaker=BreakerRule(
        consecutive_failures=1, open_time=5.0, open_jitter=0.0, probe_successes=1, slow_start=10.0
    )
)


class CountingBalancer(LoadBalancer):
    """A balancer that counts the turns it gives."""

    turns = 0

    def turn(self, count: int) -> int:
        """Give a turn."""
        self.turns += 1
        return super().turn(count)


class Group:
    """Deployments of one model, all well until something is done to them."""

    def __init__(self, model: str, count: int) -> None:
        self.deployments = [scripted_deployment(f"{model}-{number}") for number in range(count)]
        self.states = {
            each.name: DeploymentState(each, RULES, random=random.Random(0))
            for each in self.deployments
        }

    def lease(self, number: int) -> Lease:
        """Start an attempt on one of them."""
        name = self.deployments[number].name
        return self.states[name].lease(plan_over(self.deployments[number], tokens=10), 0.0)

    def fail(self, number: int, failure: Failure) -> None:
        """Let an attempt on one of them fail."""
        self.states[self.deployments[number].name].failed(self.lease(number), failure, 0.0)


def turns_after(*groups: Group, now: float = 0.0) -> int:
    """Return how many turns are given when the groups are put in order, one after the other."""
    balancer = CountingBalancer(random.Random(5))
    states = {name: state for group in groups for name, state in group.states.items()}
    view = PlanningView(states, balancer=balancer, now=now)
    for group in groups:
        assert set(view.balanced(group.deployments)) == set(group.deployments)
    return balancer.turns


def test_behind_as_many_as_are_drawn_others_take_turns() -> None:
    """A call hardly ever gets there, and drawing takes time."""
    assert turns_after(Group("a", DRAWN), Group("b", 2)) == 1
    assert turns_after(Group("a", DRAWN // 2), Group("b", DRAWN - DRAWN // 2), Group("c", 2)) == 1
    assert turns_after(Group("a", DRAWN - 1), Group("b", 2)) == 0


def test_deployment_that_cannot_be_called_is_none_of_them() -> None:
    """Open breakers and requested pauses exclude a deployment, if only for a moment."""
    resting, waiting = Group("a", DRAWN), Group("b", DRAWN)
    resting.fail(3, BROKEN)
    waiting.fail(3, SOON)

    assert turns_after(resting, Group("c", 2)) == 0
    assert turns_after(waiting, Group("c", 2)) == 0
    assert turns_after(waiting, Group("c", 2), now=0.5) == 1


def test_reading_view_orders_by_load_without_a_draw() -> None:
    """However often it is read; one that awaits its probe comes first."""
    group = Group("a", 3)
    group.lease(0)
    group.fail(2, BROKEN)

    orders = {
        tuple(ReadingView(group.states, now=now).balanced(group.deployments)) for now in [5.0] * 100
    }

    idle, busy, probed = group.deployments[1], group.deployments[0], group.deployments[2]
    assert orders == {(probed, idle, busy)}


def test_planning_view_keeps_what_it_computes_and_a_reading_view_does_not() -> None:
    """The plans of the next quarter second share it."""
    group = Group("a", 1)
    (deployment,) = group.deployments
    measurements = group.states[deployment.name].measurements

    ReadingView(group.states, now=0.0).live_stats(deployment, streaming=True)
    read = measurements.kept_live_stats(0.0, streaming=True)
    view = PlanningView(group.states, balancer=LoadBalancer(random.Random(5)), now=0.0)
    planned = view.live_stats(deployment, streaming=True)

    assert read is None
    assert measurements.kept_live_stats(0.0, streaming=True) is planned


def test_turns_leave_no_deployment_out() -> None:
    """Every deployment comes first in its turn, with the others behind it as they stand."""
    first, second = Group("a", DRAWN), Group("b", 3)
    balancer = LoadBalancer(random.Random(5))
    seen: set[Sequence[Deployment]] = set()

    for _ in range(100):
        view = PlanningView({**first.states, **second.states}, balancer=balancer, now=0.0)
        view.balanced(first.deployments)
        seen.add(tuple(view.balanced(second.deployments)))

    a, b, c = second.deployments
    assert seen == {(a, b, c), (b, c, a), (c, a, b)}


def test_recovering_deployment_gets_its_share_of_first_places() -> None:
    """As its slow start grants it at that moment."""
    group = Group("a", 2)
    group.fail(0, BROKEN)
    state = group.states[group.deployments[0].name]
    probe = state.lease(plan_over(group.deployments[0], tokens=10), 5.0)
    state.succeeded(probe, None, 5.0)
    group.lease(1)
    balancer = LoadBalancer(random.Random(5))

    firsts = [
        PlanningView(group.states, balancer=balancer, now=10.0).balanced(group.deployments)[0]
        for _ in range(1000)
    ]

    # Idle, it wins whenever it takes part: half of the time, five of ten seconds on.
    assert 440 < firsts.count(group.deployments[0]) < 560
