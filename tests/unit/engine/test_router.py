"""What a router counts and how it comes to rest, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import pytest

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import CostBudgetRule
from routersvc.domain.outcomes.errors import (
    CallFailedError,
    DrainingError,
    OverloadedError,
    TenantRateLimitedError,
    UnknownNameError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.model_listing import ModelFilter
from routersvc.domain.profiling.classifiers import Classification
from routersvc.domain.profiling.profiles import Profiler
from routersvc.domain.profiling.prompt_reading import PromptReading
from routersvc.engine.calls import Call
from routersvc.testing.scripted import Fail, Hang, Move, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_request

BROKEN: list[Move] = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503"))]


async def call(world: World) -> None:
    """Make one call and read its whole answer."""
    async with world.router.open(scripted_request()) as running:
        while not isinstance((await running.receive())[-1], Finished):
            pass


async def test_router_is_idle_when_its_last_call_has_ended() -> None:
    """A shutdown waits for the longest call, also where several wait for it."""
    world = World({"a": [answer("short", first=1.0), answer("long", first=5.0)]})
    loop = asyncio.get_running_loop()

    async def idle_at() -> float:
        await world.router.wait_idle()
        return loop.time()

    calls = [loop.create_task(call(world)) for _ in range(2)]
    await asyncio.sleep(0.5)
    waiting = [loop.create_task(idle_at()) for _ in range(2)]
    moments = await asyncio.gather(*waiting)
    await asyncio.gather(*calls)

    assert moments == [5.0, 5.0]


async def test_a_full_router_sheds_low_priority_first() -> None:
    """Low priority cannot take the places that are kept for calls that a person waits for."""
    world = World({"a": [[Hang()]]}, max_concurrent_calls=20)

    def opened(priority: Priority) -> Call:
        return world.router.open(scripted_request(routing=Routing(priority=priority)))

    async with contextlib.AsyncExitStack() as running:
        for priority, places in ((Priority.LOW, 15), (Priority.NORMAL, 19), (Priority.HIGH, 20)):
            while world.router.active_calls < places:
                await running.enter_async_context(opened(priority))
            with pytest.raises(OverloadedError) as caught:
                opened(priority)
            assert (caught.value.priority, caught.value.places) == (priority, places)


async def test_who_stops_waiting_leaves_the_others_waiting() -> None:
    """A grace that is over cancels one wait, not the router's notion of rest."""
    world = World({"a": [answer("long", first=5.0)]})
    loop = asyncio.get_running_loop()
    running = loop.create_task(call(world))
    await asyncio.sleep(0.5)
    patient = loop.create_task(world.router.wait_idle())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await world.router.wait_idle()

    await patient
    assert loop.time() == 5.0
    await running


async def test_router_can_be_idle_again() -> None:
    """Rest is a state, not an event: what begins after it is waited for as well."""
    world = World({"a": [answer("x", first=1.0)]})
    loop = asyncio.get_running_loop()

    for _ in range(2):
        running = loop.create_task(call(world))
        await asyncio.sleep(0.5)
        await world.router.wait_idle()
        assert running.done() or world.router.active_calls == 0
        await running

    assert loop.time() == 2.0


async def test_closing_cancels_what_runs_and_refuses_what_comes() -> None:
    """Attempts and checks end at once; nothing is left, and nothing new begins."""
    world = World({"a": [[Hang()]]})
    loop = asyncio.get_running_loop()
    running = loop.create_task(call(world))
    world.router.start_checks()
    await asyncio.sleep(0.5)
    assert world.router.running_tasks == 1
    assert world.router.running_checks == 1

    await world.router.aclose()

    assert world.router.running_tasks == 0
    assert world.router.running_checks == 0
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(DrainingError):
        world.router.open(scripted_request())
    assert world.leftovers() == {}
    assert loop.time() == 0.5


async def test_listed_models_are_those_of_the_configuration() -> None:
    """As a tenant may reach them; a name that does not exist is refused."""
    world = World({"a": [answer("x")], "b": [answer("x")]})

    listed = world.router.list_models("", ModelFilter())

    assert [model.model.name for model in listed] == ["model"]
    with pytest.raises(UnknownNameError):
        world.router.list_models("", ModelFilter(providers=frozenset({"nobody"})))


async def test_health_is_told_of_those_asked_for() -> None:
    """Every filter passes what it names, an empty one everything; unknown names are refused."""
    world = World(
        {"a": [BROKEN], "b": [answer("x")]},
        deployments=[scripted_deployment("b", provider="other")],
    )
    await call(world)
    router = world.router

    def names(**wanted: tuple[object, ...]) -> list[str]:
        return [health.deployment.name for health in router.health(**wanted)]  # type: ignore[arg-type]

    assert names() == ["a", "b"]
    assert names(providers=("other",)) == ["b"]
    assert names(models=("model",)) == ["a", "b"]
    assert names(deployments=("a",)) == ["a"]
    assert names(states=(HealthState.HEALTHY,)) == ["b"]
    assert names(providers=("other",), deployments=("a",)) == []
    for field in ("providers", "models", "deployments"):
        with pytest.raises(UnknownNameError) as caught:
            names(**{field: ("nobody",)})
        assert caught.value.field == field


async def test_failed_call_is_over_for_the_router() -> None:
    """Whatever becomes of a call, it is counted out once."""
    world = World({"a": [BROKEN]})

    with pytest.raises(CallFailedError):
        await call(world)

    assert world.router.active_calls == 0
    await world.router.wait_idle()
    assert world.leftovers() == {}


async def test_names_that_do_not_exist_are_named() -> None:
    """Beside those that do."""
    world = World({"a": [answer("x")]})

    with pytest.raises(UnknownNameError) as caught:
        world.router.health(models=("nonesuch",))

    assert (caught.value.name, caught.value.known) == ("nonesuch", ("model",))


async def test_tenants_are_told_their_own_models_and_health_is_told_by_model() -> None:
    """What another tenant can reach is not theirs to see."""
    small = dataclasses.replace(scripted_deployment("b").model, name="small")
    world = World(
        {"a": [answer("x")], "b": [answer("x")]},
        deployments=[scripted_deployment("b", model=small)],
        tenants=[
            Tenant(name="all"),
            Tenant(name="some", constraints=Constraints(allowed_providers=frozenset({"a"}))),
        ],
    )

    def listed(tenant: str) -> list[str]:
        return [model.model.name for model in world.router.list_models(tenant, ModelFilter())]

    assert listed("all") == ["model", "small"]
    assert listed("some") == ["model"]
    health = world.router.health(models=("small",))
    assert [one.deployment.name for one in health] == ["b"]


async def test_call_that_never_began_costs_nothing() -> None:
    """Its reservation goes back whole to the budget of its tenant."""
    tenant = Tenant(name="t", budget=CostBudgetRule(usd=0.9, window=60.0))
    world = World({"a": [answer("x")]}, tenants=[tenant])
    request = scripted_request(tenant="t")

    for _ in range(2):
        async with world.router.open(request):
            assert world.router.reservations == 1

    assert world.router.reservations == 0
    assert world.observer.refusals == []


async def test_caller_that_comes_a_moment_too_soon_is_too_soon() -> None:
    """Less than a second is a wait as well."""
    tenant = Tenant(name="t", rate=CallRateRule(calls=2, window=1.0))
    world = World({"a": [answer("x")]}, tenants=[tenant])
    request = scripted_request(tenant="t")
    for _ in range(2):
        async with world.router.open(request):
            pass

    with pytest.raises(TenantRateLimitedError) as caught:
        world.router.open(request)

    assert caught.value.retry_after == 0.5


class FixedClassifier:
    """Takes everything for one task."""

    def classify(self, reading: PromptReading) -> Classification:
        """Return that it is code."""
        del reading
        return Classification(task=Task.CODE, confidence=1.0, complexity=0.5)


async def test_requests_are_understood_by_the_profiler_that_is_configured() -> None:
    """Whatever understands them: rules, or what was learnt."""
    world = World({"a": [answer("x")]}, profiler=Profiler(classifier=FixedClassifier()))

    assert world.router.explain(scripted_request()).profile.task is Task.CODE
