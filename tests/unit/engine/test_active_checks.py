"""Deployments without recent traffic are health-checked, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.active_checks import CheckMethod, CheckRule
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.health import DeploymentHealth, HealthState
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.outcomes.errors import CallFailedError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Fail, Hang, Move, Wait, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_request

NOBODY = Failure(failure_class=FailureClass.CONNECT, message="refused")
BAD_KEY = Failure(failure_class=FailureClass.AUTHENTICATION, message="status 401")
NO_QUOTA = Failure(failure_class=FailureClass.QUOTA_EXHAUSTED, message="status 402")
NO_LIST = Failure(failure_class=FailureClass.MODEL_NOT_FOUND, message="status 404")
BROKEN: list[Move] = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="503"))]


def rules(*, method: CheckMethod = CheckMethod.FREE, open_time: float = 1.0) -> FleetRules:
    """Return the default rules with these."""
    breaker = BreakerRule(open_time=open_time, open_jitter=0.0)
    return FleetRules(deployments=DeploymentRules(breaker=breaker), checks=CheckRule(method=method))


async def call(world: World, request: Request | None = None) -> str:
    """Make one streamed call; return the deployment that served it, or the name of its error."""
    try:
        async with world.router.open(request or scripted_request()) as running:
            while not isinstance((await running.receive())[-1], Finished):
                pass
            served = running.report().served
            return "" if served is None else served.deployment.name
    except CallFailedError as error:
        return type(error).__name__


def health_of(world: World, name: str) -> DeploymentHealth:
    """Return how one deployment fares."""
    return world.router.health(deployments=(name,))[0]


async def test_idle_deployment_is_asked_at_its_interval() -> None:
    """At the start, and every ten seconds without traffic."""
    world = World({"a": [answer("x")]}, rules=rules())
    world.router.start_checks()

    await asyncio.sleep(35)

    assert world.gateway.checked == [(0.0, "a"), (10.0, "a"), (20.0, "a"), (30.0, "a")]
    probe = health_of(world, "a").last_probe
    assert probe is not None
    assert (probe.age, probe.succeeded, probe.duration) == (5.0, True, 0.0)
    await world.router.stop_checks()
    assert world.leftovers() == {}


async def test_deployment_with_traffic_is_left_alone() -> None:
    """Every outcome says more than a check; thirty quiet seconds later it is asked again."""
    world = World({"a": [answer("x")]}, rules=rules())
    await call(world)
    world.router.start_checks()

    await asyncio.sleep(29.5)
    assert world.gateway.checked == []
    await asyncio.sleep(1)

    assert world.gateway.checked == [(30.0, "a")]
    await world.router.stop_checks()


async def test_one_check_speaks_for_all_that_share_a_credential() -> None:
    """The list of models is the same, whichever model one asks for."""
    shared = [scripted_deployment(name, provider="p", credential="key") for name in ("a", "b")]
    world = World({"a": [answer("x")], "b": [answer("x")]}, deployments=shared, rules=rules())
    world.router.start_checks()

    await asyncio.sleep(1)

    assert world.gateway.checked == [(0.0, "a")]
    assert health_of(world, "b").last_probe is not None
    await world.router.stop_checks()


async def test_unreachable_deployment_is_passed_over() -> None:
    """One call per interval may prove the check wrong; the others go where somebody answers."""
    world = World({"a": [BROKEN], "b": [answer("x")]}, rules=rules(), checks={"a": [NOBODY, None]})
    world.router.start_checks()
    await asyncio.sleep(1)

    served = [await call(world) for _ in range(3)]

    assert served == ["b"] * 3
    assert [a.deployment for a in world.observer.attempts] == ["a", "b", "b", "b"]
    assert health_of(world, "a").state is HealthState.UNAVAILABLE
    await asyncio.sleep(10)
    assert health_of(world, "a").state is HealthState.DEGRADED
    await world.router.stop_checks()


async def test_check_that_is_wrong_keeps_no_calls_away() -> None:
    """It fails for ever; the first call that it lets through is answered, and all others follow."""
    world = World({"a": [answer("x")], "b": [answer("x")]}, rules=rules(), checks={"a": [NOBODY]})
    world.router.start_checks()
    await asyncio.sleep(1)
    served: list[str] = []

    for _ in range(5):
        served.append(await call(world))
        await asyncio.sleep(35)

    assert served == ["a"] * 5
    assert health_of(world, "a").state is HealthState.UNKNOWN
    await world.router.stop_checks()


async def test_unreachable_deployment_is_tried_where_there_is_no_other() -> None:
    """A check may be wrong; nothing is worse than no attempt at all."""
    world = World({"a": [answer("x")]}, rules=rules(), checks={"a": [NOBODY]})
    world.router.start_checks()
    await asyncio.sleep(1)

    assert await call(world) == "a"
    assert health_of(world, "a").state is HealthState.HEALTHY
    await world.router.stop_checks()


async def test_provider_without_a_list_of_models_counts_as_alive() -> None:
    """A provider that refuses a request is reachable."""
    world = World({"a": [answer("x")]}, rules=rules(), checks={"a": [NO_LIST]})
    world.router.start_checks()
    await asyncio.sleep(1)

    probe = health_of(world, "a").last_probe

    assert probe is not None
    assert not probe.succeeded
    assert health_of(world, "a").state is HealthState.UNKNOWN
    await world.router.stop_checks()


async def test_check_that_hears_nothing_is_given_up() -> None:
    """A check has a timeout, and the next check is made as usual."""
    world = World({"a": [answer("x")]}, rules=rules())

    async def hang(deployment: Deployment, *, connect_timeout: float) -> None:
        del deployment, connect_timeout
        await asyncio.get_running_loop().create_future()

    world.gateway.probe = hang  # type: ignore[method-assign]
    world.router.start_checks()
    await asyncio.sleep(6)

    probe = health_of(world, "a").last_probe

    assert probe is not None
    assert (probe.succeeded, probe.duration, probe.age) == (False, 5.0, 1.0)
    assert health_of(world, "a").state is HealthState.UNAVAILABLE
    await world.router.stop_checks()
    assert world.leftovers() == {}


async def test_open_breaker_is_probed_as_soon_as_a_check_finds_life() -> None:
    """It rests for a minute; the check at ten seconds lets the next call through."""
    world = World(
        {"a": [*[BROKEN] * 5, answer("back")], "b": [answer("x")]}, rules=rules(open_time=60.0)
    )
    world.router.start_checks()
    for _ in range(5):
        await call(world)
    assert health_of(world, "a").breaker.state is BreakerState.OPEN

    await asyncio.sleep(11)

    assert health_of(world, "a").breaker.state is BreakerState.HALF_OPEN
    assert [await call(world) for _ in range(3)] == ["a", "a", "a"]
    assert health_of(world, "a").breaker.state is BreakerState.CLOSED
    await world.router.stop_checks()


async def test_dead_deployment_costs_one_live_probe_per_interval() -> None:
    """Its open time is over, but the health check fails."""
    world = World({"a": [BROKEN], "b": [answer("x")]}, rules=rules(), checks={"a": [None, NOBODY]})
    world.router.start_checks()
    for _ in range(5):
        await call(world)

    await asyncio.sleep(11)

    assert [await call(world) for _ in range(5)] == ["b"] * 5
    assert sum(a.deployment == "a" for a in world.observer.attempts) == 6
    await world.router.stop_checks()


async def test_call_with_side_effects_is_no_probe() -> None:
    """It could not go elsewhere if the probe failed."""
    world = World({"a": [*[BROKEN] * 6], "b": [answer("x")]}, rules=rules())
    for _ in range(5):
        await call(world)
    await asyncio.sleep(2)
    careful = scripted_request(routing=Routing(has_side_effects=True))

    served = await call(world, careful)

    assert served == "b"
    assert sum(a.deployment == "a" for a in world.observer.attempts) == 5


async def test_refused_key_comes_back_when_a_check_shows_that_it_is_good() -> None:
    """At the next check, and without a call that has to try it."""
    refused: list[Move] = [Wait(0.1), Fail(BAD_KEY)]
    checks = {"a": [None, NOBODY, None]}
    world = World(
        {"a": [refused, refused, answer("x")], "b": [answer("x")]}, rules=rules(), checks=checks
    )
    world.router.start_checks()
    assert [await call(world) for _ in range(2)] == ["b", "b"]

    await asyncio.sleep(18)
    assert health_of(world, "a").state is HealthState.DISABLED
    await asyncio.sleep(2)

    assert health_of(world, "a").state is not HealthState.DISABLED
    assert await call(world) == "a"
    await world.router.stop_checks()


async def test_free_check_says_nothing_of_a_quota() -> None:
    """The list of models answers although the credit is gone: only a call can show it."""
    spent: list[Move] = [Fail(NO_QUOTA)]
    world = World({"a": [spent], "b": [answer("x")]}, rules=rules())
    world.router.start_checks()
    for _ in range(2):
        await call(world)

    await asyncio.sleep(40)

    assert health_of(world, "a").state is HealthState.DISABLED
    await world.router.stop_checks()


@pytest.mark.parametrize("method", [CheckMethod.OFF, CheckMethod.COMPLETION])
async def test_method_decides_what_is_asked(method: CheckMethod) -> None:
    """A completion asks the model itself for one token; off asks nothing."""
    world = World({"a": [answer("x")]}, rules=rules(method=method))
    world.router.start_checks()

    await asyncio.sleep(1)

    asked = [(c.prompt.sampling.max_output_tokens, c.streaming) for c in world.gateway.calls]
    assert asked == ([(1, False)] if method is CheckMethod.COMPLETION else [])
    assert world.gateway.checked == []
    await world.router.stop_checks()
    assert world.gateway.open_streams == 0


async def test_completion_that_hangs_is_closed() -> None:
    """Its stream does not stay open behind the check."""
    hanging: list[Move] = [Hang()]
    world = World({"a": [hanging]}, rules=rules(method=CheckMethod.COMPLETION))
    world.router.start_checks()

    await asyncio.sleep(6)

    assert world.gateway.open_streams == 0
    assert health_of(world, "a").state is HealthState.UNAVAILABLE
    await world.router.stop_checks()


async def test_completion_is_read_to_its_end() -> None:
    """Only a whole answer proves that the model works, and its time is the check's."""
    slow = answer("x", "y", first=1.0, gap=2.0)
    world = World({"a": [slow]}, rules=rules(method=CheckMethod.COMPLETION))
    world.router.start_checks()

    await asyncio.sleep(4)

    probe = health_of(world, "a").last_probe
    assert probe is not None
    assert (probe.succeeded, probe.duration) == (True, 3.0)
    assert [(one.connect_timeout, one.timeout) for one in world.gateway.calls] == [(5.0, 5.0)]
    await world.router.stop_checks()


async def test_completion_is_asked_of_each_deployment() -> None:
    """One credential may serve models that live and models that do not."""
    twins = [scripted_deployment(name, provider="acme", credential="key") for name in ("a", "b")]
    world = World(
        {"a": [answer("x")], "b": [answer("x")]},
        deployments=twins,
        rules=rules(method=CheckMethod.COMPLETION),
    )
    world.router.start_checks()

    await asyncio.sleep(1)

    assert [one.deployment.name for one in world.gateway.calls] == ["a", "b"]
    await world.router.stop_checks()


@pytest.mark.parametrize("failure", [BAD_KEY, NO_QUOTA, NO_LIST])
async def test_completion_takes_what_was_disabled_back(failure: Failure) -> None:
    """It shows that credential and model work; it is not made before their check is due."""
    refused: list[Move] = [Fail(failure)]
    world = World(
        {"a": [refused, refused, answer("x")]}, rules=rules(method=CheckMethod.COMPLETION)
    )
    for _ in range(2):
        await call(world)
    world.router.start_checks()

    await asyncio.sleep(29.5)
    before = (health_of(world, "a").state, len(world.gateway.calls))
    await asyncio.sleep(1.0)

    assert before == (HealthState.DISABLED, 2)
    assert health_of(world, "a").state is not HealthState.DISABLED
    assert len(world.gateway.calls) == 3
    await world.router.stop_checks()


async def test_completion_that_fails_takes_nothing_back() -> None:
    """The next check is the next chance."""
    world = World({"a": [[Fail(BAD_KEY)]]}, rules=rules(method=CheckMethod.COMPLETION))
    for _ in range(2):
        await call(world)
    world.router.start_checks()

    await asyncio.sleep(31)

    assert health_of(world, "a").state is HealthState.DISABLED
    await world.router.stop_checks()


async def test_check_is_given_the_time_of_its_rule() -> None:
    """To connect, as to answer."""
    rule = CheckRule(method=CheckMethod.FREE, timeout=3.0)
    world = World({"a": [answer("x")]}, rules=FleetRules(checks=rule))

    world.router.start_checks()
    await asyncio.sleep(1.0)
    await world.router.stop_checks()

    assert world.gateway.check_timeouts == [3.0]
