"""What is told of where a request would go is what would happen, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from tests.unit.engine.streams import stream

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.catalogue.route_rules import RouteHours, RouteMatch, RouteRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.outcomes.errors import CallFailedError, UnknownPolicyError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Fail, Move, answer
from routersvc.testing.worlds import World, scripted_policy, scripted_request

HEDGED = dataclasses.replace(
    scripted_policy(("a", "b")),
    hedging=HedgingRule(mode=HedgingMode.DELAYED, delay=0.5, max_parallel=2),
)


async def call(world: World) -> None:
    """Make one call to its end, whichever it is."""
    try:
        async with world.router.open(scripted_request()) as running:
            while not isinstance((await running.receive())[-1], Finished):
                pass
    except CallFailedError:
        pass


async def test_plan_and_its_circumstances_are_told() -> None:
    """Policy, why it was chosen, order, snapshot and configuration."""
    world = World({"a": [answer("x")], "b": [answer("x")]})

    told = world.router.explain(scripted_request())

    assert told.policy.name == "drill"
    assert told.policy_choice
    assert told.plan is not None
    assert [one.name for one in told.plan.deployments] == ["a", "b"]
    assert [one.deployment.name for one in told.candidates] == ["a", "b"]
    assert all(one.eligible for one in told.candidates)
    assert told.profile.input_tokens > 0
    assert (told.snapshot_at, told.configuration_digest, told.obstacles) == (0.0, "drill", {})
    assert world.router.configuration_digest == "drill"


async def test_hedge_of_the_first_attempt_is_decided() -> None:
    """By the rule, for the first of the plan beside the second; alone it has nowhere to go."""
    world = World({"a": [answer("x")], "b": [answer("x")]}, policy=HEDGED)
    alone = World({"a": [answer("x")]}, policy=dataclasses.replace(HEDGED, deployments=("a",)))

    hedging, none = (
        told.plan.hedging
        for one in (world, alone)
        if (told := one.router.explain(scripted_request())).plan is not None
    )

    assert (hedging.mode, hedging.delay, hedging.max_parallel) == (HedgingMode.DELAYED, 0.5, 2)
    assert hedging.description.startswith("a hedge after 0.5 s: ")
    assert none.delay is None
    assert none.description == "no hedge: no other deployment is left"


async def test_waits_are_told_of_those_that_may_not_be_called() -> None:
    """In seconds from now; they stay in the plan."""
    limited: list[Move] = [
        Fail(Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=20.0))
    ]
    world = World({"a": [limited], "b": [answer("x")]})
    await call(world)
    await asyncio.sleep(5.0)

    told = world.router.explain(scripted_request())

    assert {name: one.wait for name, one in told.obstacles.items()} == {"a": 15.0}
    assert told.plan is not None
    assert [one.name for one in told.plan.deployments] == ["a", "b"]


async def test_request_that_nothing_may_serve_is_explained() -> None:
    """No plan, and why each is out."""
    world = World({"a": [answer("x")]})
    routing = Routing(constraints=Constraints(allowed_regions=frozenset({"mars"})))

    told = world.router.explain(scripted_request(routing=routing))

    assert told.plan is None
    assert told.obstacles == {}
    assert [one.eligible for one in told.candidates] == [False]


async def test_policy_that_does_not_exist_is_refused() -> None:
    """An explanation of nothing would mislead."""
    world = World({"a": [answer("x")]})

    with pytest.raises(UnknownPolicyError):
        world.router.explain(scripted_request(routing=Routing(policy="nobody")))


AT_NIGHT = RouteRule(
    name="night", match=RouteMatch(hours=RouteHours(start=3600, end=7200)), deployments=("b",)
)


async def test_rules_of_the_hour_decide_and_are_told() -> None:
    """By the time at which a request comes, and an explanation is asked for."""
    world = World(
        {"a": [answer("x")], "b": [answer("x")]},
        policy=dataclasses.replace(scripted_policy(["a", "b"]), rules=(AT_NIGHT,)),
        wall_clock=5000.0,
    )

    explanation = world.router.explain(scripted_request())
    await stream(world)

    assert explanation.plan is not None
    assert [one.name for one in explanation.plan.deployments] == ["b"]
    assert [each.deployment for each in world.observer.attempts] == ["b"]


async def test_latencies_that_decided_a_past_order_are_told() -> None:
    """A deployment that would miss the latency budget is last, with the time by which it would."""
    world = World(
        {"a": [answer("x", first=2.0)], "b": [answer("x", first=0.5)]},
        policy=scripted_policy(["a", "b"], order=OrderMode.BALANCED),
    )
    for name in ("a", "b"):
        await stream(world, scripted_request(routing=Routing(pinned_deployment=name)))
    hurried = scripted_request(routing=Routing(latency_budget=1.0))

    async with world.router.open(hurried) as running:
        await running.receive()
    explanation = world.router.explain_decision(running.decision_id, tenant="")

    expected = {one.deployment.name: one.expected_first_content for one in explanation.candidates}
    assert expected == {"a": pytest.approx(2.0, rel=0.05), "b": pytest.approx(0.5, rel=0.05)}
