"""A router that gets another configuration while calls run."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Hashable, Mapping, Sequence

import pytest

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.fleet.active_checks import CheckMethod, CheckRule
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.disablements import Credential
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.fleet.reloading.fleet_rules import (
    DeploymentRules,
    FleetIdentities,
    FleetRules,
)
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import CostBudgetRule
from routersvc.domain.measures.token_rates import TokenRateRule
from routersvc.domain.outcomes.errors import (
    CallFailedError,
    TenantLimit,
    TenantRateLimitedError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Evidence, Failure
from routersvc.engine.router import RouterConfiguration
from routersvc.testing.scripted import Fail, Script, ScriptedGateway, Wait, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request

BROKEN: Script = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="503"))]
BAD_KEY = Failure(
    failure_class=FailureClass.AUTHENTICATION, message="revoked", evidence=Evidence.VENDOR_CODE
)
KEY_OF_A = Credential("a", "a key")


class Reloads:
    """Gives a world other configurations; notes which of those before are not used any more."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.unused: list[int] = []
        self._count = 0

    def apply(
        self,
        scripts: Mapping[str, Sequence[Script]],
        *,
        rules: FleetRules | None = None,
        tenants: Sequence[Tenant] = (),
        deployments: Mapping[str, Hashable] | None = None,
        credentials: Mapping[Credential, Hashable] | None = None,
    ) -> ScriptedGateway:
        """Route to these deployments from now on, through the gateway that is returned."""
        number, self._count = self._count, self._count + 1
        gateway = ScriptedGateway(scripts)
        names = list(scripts)
        self._world.router.reconfigure(
            RouterConfiguration(
                catalogue=Catalogue(deployments={it: scripted_deployment(it) for it in names}),
                policies={"drill": scripted_policy(names)},
                default_policy="drill",
                digest=f"reload {number}",
                max_concurrent_calls=1000,
                rules=rules or FleetRules(),
                tenants={tenant.name: tenant for tenant in tenants},
                identities=FleetIdentities(
                    deployments=deployments or {}, credentials=credentials or {}
                ),
            ),
            gateway,
            unused=lambda: self.unused.append(number),
        )
        return gateway


async def call(world: World, tenant: str = "") -> str:
    """Make one call; return the deployment that served it, or the name of its error."""
    try:
        async with await world.router.opened(scripted_request(tenant=tenant)) as running:
            while not isinstance((await running.receive())[-1], Finished):
                pass
            served = running.report().served
            return "" if served is None else served.deployment.name
    except CallFailedError as error:
        return type(error).__name__


def breaker_of(world: World, name: str) -> BreakerState:
    """Return the state of a breaker."""
    return world.router.health(deployments=(name,))[0].breaker.state


async def test_running_calls_end_as_they_began() -> None:
    """With their deployments, their failovers and their gateway, while new calls have others."""
    world = World({"a": [[Wait(5), *BROKEN]], "b": [answer("b", first=5)]})
    reloads = Reloads(world)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(call(world))
        await asyncio.sleep(1)
        middle = reloads.apply({"c": [answer("c", first=1)]})
        second = await call(world)
        after = reloads.apply({"b": [answer("new b")], "d": [answer("d")]})
        third = await call(world)
        still_used = list(reloads.unused), world.router.retired_generations

    assert (first.result(), second, third) == ("b", "c", "b")
    assert [name for _, name, event in world.gateway.log if event == "started"] == ["a", "b"]
    assert ([len(one.calls) for one in (middle, after)]) == [1, 1]
    assert still_used == ([1], 1)
    assert reloads.unused == [1, 0]
    assert (world.router.retired_generations, world.leftovers()) == (0, {})


async def test_what_calls_taught_stays_with_deployments_that_are_the_same() -> None:
    """An open breaker stays open; at another address the deployment is a new one."""
    breaker = BreakerRule(consecutive_failures=1, open_time=60.0, max_open_time=60.0)
    rules = FleetRules(deployments=DeploymentRules(breaker=breaker))
    world = World({"a": [BROKEN], "b": [answer("b")]}, rules=rules)
    reloads = Reloads(world)
    served = [await call(world)]
    scripts = {"a": [answer("a")], "b": [answer("b")]}

    reloads.apply(scripts, rules=rules)
    states = [breaker_of(world, "a")]
    served.append(await call(world))
    reloads.apply(scripts, rules=rules, deployments={"a": "another address"})
    states.append(breaker_of(world, "a"))
    served.append(await call(world))

    assert states == [BreakerState.OPEN, BreakerState.CLOSED]
    assert served == ["b", "b", "a"]
    assert world.router.health(deployments=("b",))[0].served_total == 2


async def test_changed_rules_hold_for_deployments_that_stay() -> None:
    """The state is kept, the next decision is by the new rule."""
    world = World({"a": [BROKEN], "b": [answer("b")]})
    reloads = Reloads(world)
    await call(world)
    rules = FleetRules(
        deployments=DeploymentRules(
            breaker=BreakerRule(consecutive_failures=2, window=60.0),
            concurrency=ConcurrencyRule(initial=3, maximum=5),
        )
    )

    reloads.apply({"a": [BROKEN], "b": [answer("b")]}, rules=rules)
    await call(world)

    health = world.router.health(deployments=("a",))[0]
    assert (health.breaker.state, health.concurrency_limit) == (BreakerState.OPEN, 3)
    assert health.attempts_total == 2


async def test_replaced_secret_enables_its_credential() -> None:
    """At once, and calls that still run with the old one say nothing of the new one."""
    late: Script = [Wait(5), Fail(BAD_KEY)]
    world = World({"a": [late, [Fail(BAD_KEY)]], "b": [answer("b")]})
    reloads = Reloads(world)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(call(world))
        await asyncio.sleep(1)
        disabled = await call(world), world.router.health(deployments=("a",))[0].state
        reloads.apply({"a": [answer("a")], "b": [answer("b")]}, credentials={KEY_OF_A: "new"})
        enabled = await call(world)

    assert disabled == ("b", HealthState.DISABLED)
    assert (enabled, running.result(), await call(world)) == ("a", "b", "a")


async def test_unchanged_secret_stays_disabled() -> None:
    """Another change of the settings is no reason to try a refused key again."""
    world = World({"a": [[Fail(BAD_KEY)]], "b": [answer("b")]})
    await call(world)

    gateway = Reloads(world).apply({"a": [answer("a")], "b": [answer("b")]})

    assert (await call(world), [it.deployment.name for it in gateway.calls]) == ("b", ["b"])


async def test_accounts_of_tenants_go_on() -> None:
    """A reload is no way to a fresh budget or a full bucket, nor does it lose a reservation."""
    tenant = Tenant(
        name="t",
        rate=CallRateRule(calls=2, window=60.0),
        budget=CostBudgetRule(usd=1.0, window=3600.0),
    )
    scripts = {"a": [answer("a", first=5)]}
    world = World(scripts, tenants=[tenant])
    reloads = Reloads(world)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(call(world, "t"))
        await asyncio.sleep(1)
        reloads.apply(scripts, tenants=[Tenant(name="other")])
        with pytest.raises(UnknownTenantError):
            await call(world, "t")
        while_removed = world.router.reservations
        reloads.apply(scripts, tenants=[dataclasses.replace(tenant, rate=None)])

    minute = dataclasses.replace(
        tenant,
        rate=CallRateRule(calls=1, window=60.0),
        budget=CostBudgetRule(usd=2.0, window=60.0),
    )
    reloads.apply(scripts, tenants=[minute])
    await call(world, "t")
    half = dataclasses.replace(minute, rate=CallRateRule(calls=1, window=30.0))
    reloads.apply(scripts, tenants=[half])
    with pytest.raises(TenantRateLimitedError) as limited:
        await call(world, "t")

    assert while_removed == 1
    assert 0 < limited.value.retry_after <= 30.0
    assert world.leftovers() == {}


async def test_health_checks_follow_the_configuration() -> None:
    """A check that runs ends with its gateway; the next ones ask the new deployments."""
    every = FleetRules(checks=CheckRule(interval=10.0))
    world = World({"a": [answer("a")]}, rules=every)
    reloads = Reloads(world)
    world.router.start_checks()
    await asyncio.sleep(15)

    gateway = reloads.apply({"a": [answer("a")], "b": [answer("b")]}, rules=every)
    await asyncio.sleep(15)
    silent = reloads.apply(
        {"a": [answer("a")]}, rules=FleetRules(checks=CheckRule(method=CheckMethod.OFF))
    )
    await asyncio.sleep(60)

    assert world.gateway.checked == [(0.0, "a"), (10.0, "a")]
    assert gateway.checked == [(15.0, "b"), (20.0, "a"), (25.0, "b")]
    assert silent.checked == []
    await world.router.stop_checks()
    assert (reloads.unused, world.leftovers()) == ([0, 1], {})


async def test_tokens_of_a_tenant_are_reserved_and_settled() -> None:
    """A call takes what it is expected to use, and settles with what its attempts used."""
    tenant = Tenant(name="t", tokens=TokenRateRule(tokens=1_500, window=60.0))
    world = World({"a": [answer("a", first=5)]}, tenants=[tenant])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(call(world, "t"))
        await asyncio.sleep(1)
        with pytest.raises(TenantRateLimitedError) as limited:
            await call(world, "t")

    assert running.result() == "a"
    assert limited.value.limit is TenantLimit.TOKENS
    assert 0 < limited.value.retry_after <= 60.0
    # The answer had 11 tokens, of the thousand or so that were expected.
    assert await call(world, "t") == "a"
    assert world.leftovers() == {}
