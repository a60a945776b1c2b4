"""Equal deployments share their load, in virtual time."""

from __future__ import annotations

import asyncio
import collections

import pytest

from routersvc.domain.catalogue.modes import OrderMode, StreamRecoveryMode
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.drills.plans.distributions import Constant, LogNormal
from routersvc.drills.plans.drill_plans import (
    ClosedLoop,
    DrillPlan,
    PoissonArrivals,
    SimulatedDeployment,
)
from routersvc.drills.plans.faults import Fault, FaultKind
from routersvc.drills.simulation.simulation import run_drill
from routersvc.testing.scripted import Fail, Move, answer
from routersvc.testing.worlds import World, scripted_policy, scripted_request

NAMES = ("a", "b", "c")
BALANCED = scripted_policy(
    NAMES, order=OrderMode.BALANCED, stream_recovery=StreamRecoveryMode.RESTART
)


def drill(*faults: Fault, duration: float) -> DrillPlan:
    """Return a drill on three equal deployments, with fifty calls a second."""
    return DrillPlan(
        name="equals",
        deployments=tuple(
            SimulatedDeployment(name=name, first_content=LogNormal(median=0.4, p95=1.0))
            for name in NAMES
        ),
        policy=BALANCED,
        arrivals=PoissonArrivals(rate=50.0),
        duration=duration,
        faults=faults,
    )


@pytest.fixture
def duration(*, thorough: bool) -> float:
    """How many seconds of virtual time a drill lasts."""
    return 60.0 if thorough else 20.0


async def call(world: World, routing: Routing | None = None) -> str:
    """Make one call; return the deployment that served it."""
    async with world.router.open(scripted_request(routing=routing)) as running:
        while not isinstance((await running.receive())[-1], Finished):
            pass
        served = running.report().served
        assert served is not None
        return served.deployment.name


def test_equal_deployments_get_equal_shares() -> None:
    """Within a tenth, over three thousand calls."""
    result = run_drill(drill(duration=60.0))

    shares = [result.figures.attempts[name] / result.figures.calls for name in NAMES]

    assert result.violations == ()
    assert all(abs(share - 1 / 3) < 1 / 30 for share in shares), shares


def test_slow_deployment_gets_less(duration: float) -> None:
    """Ten times as slow for half of the time: it is called for news, and little more."""
    slow = Fault(deployment="a", kind=FaultKind.SLOW, start=10.0, end=60.0, factor=10.0)

    result = run_drill(drill(slow, duration=duration))

    assert result.violations == ()
    assert result.figures.attempts["a"] / result.figures.calls < 0.2


def test_fast_failure_attracts_no_traffic(duration: float) -> None:
    """Failures are charged as latency: a deployment that refuses at once is not the fastest."""
    failing = Fault(deployment="a", kind=FaultKind.ERROR, start=0.0, end=60.0, share=0.15)

    result = run_drill(drill(failing, duration=duration))

    assert result.figures.attempts["a"] / result.figures.calls < 0.3


def test_callers_in_a_loop_do_not_herd(duration: float) -> None:
    """Four for each deployment: each is busy with its share all the time, none with twice that."""
    plan = DrillPlan(
        name="herd",
        deployments=tuple(
            SimulatedDeployment(name=name, first_content=Constant(value=0.5)) for name in NAMES
        ),
        policy=BALANCED,
        arrivals=ClosedLoop(callers=12),
        duration=duration,
    )

    figures = run_drill(plan).figures

    counts = [figures.attempts[name] for name in NAMES]
    assert max(counts) < 1.1 * min(counts)


async def test_fixed_order_is_kept_whatever_the_load() -> None:
    """The fixed order is kept, whatever the load."""
    world = World({name: [answer("x")] for name in NAMES}, policy=scripted_policy(NAMES))

    served = [await call(world) for _ in range(20)]

    assert served == ["a"] * 20


async def test_load_changes_whom_calls_go_to() -> None:
    """All three are used, and the same seed uses them in the same way."""

    async def served() -> list[str]:
        world = World({name: [answer("x")] for name in NAMES}, policy=BALANCED, seed=7)
        return [await call(world) for _ in range(30)]

    first = await served()

    assert set(first) == set(NAMES)
    assert await served() == first


async def test_explaining_draws_nothing() -> None:
    """Asking where calls would go does not change where they go."""

    async def served(*, explained: bool) -> list[str]:
        world = World({name: [answer("x")] for name in NAMES}, policy=BALANCED, seed=7)
        names: list[str] = []
        for _ in range(30):
            if explained:
                world.router.explain(scripted_request())
            names.append(await call(world))
        return names

    assert await served(explained=True) == await served(explained=False)


async def test_recovering_deployment_is_probed_by_single_calls() -> None:
    """One call each finds out; the others go on where it is well."""
    broken: list[Move] = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="503"))]
    world = World(
        {"a": [broken], "b": [answer("x", first=0.1)]},
        policy=BALANCED_TWO,
        rules=FleetRules(deployments=DeploymentRules(breaker=BreakerRule(consecutive_failures=1))),
    )
    for _ in range(30):
        await call(world)
    tried = collections.Counter(attempt.deployment for attempt in world.observer.attempts)
    assert tried["a"] == 2, "the first call, and the probe a second later"
    await asyncio.sleep(2)

    served = await asyncio.gather(*(call(world) for _ in range(10)))

    again = collections.Counter(attempt.deployment for attempt in world.observer.attempts)
    assert set(served) == {"b"}
    assert again["a"] == 3


BALANCED_TWO = scripted_policy(("a", "b"), order=OrderMode.BALANCED)


def test_revived_deployment_gets_its_share_back(duration: float) -> None:
    """What its failures were charged is forgotten when its breaker closes."""
    dead = Fault(deployment="a", kind=FaultKind.KILL, start=2.0, end=7.0)
    result = run_drill(drill(dead, duration=20.0 + duration))
    before = run_drill(drill(dead, duration=20.0))

    late = result.figures.attempts["a"] - before.figures.attempts["a"]

    calls = result.figures.calls - before.figures.calls
    assert result.violations == ()
    assert late / calls > 0.9 / 3
