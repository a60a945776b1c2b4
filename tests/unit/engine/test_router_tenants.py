"""Tenants' limits and budgets in generated worlds: nothing breaks them, nothing is left of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Sequence

import pytest
from bench.simulations.route_checks import perform
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, Priority
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import BudgetDowngradeRule, CostBudgetRule
from routersvc.domain.outcomes.degradations import DegradationRung
from routersvc.domain.outcomes.errors import RefusedError, TenantRateLimitedError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.testing.scripted import Emit, Fail, Hang, Move, Script, Wait, answer
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request

NAMES = ("a", "b", "c", "d")
USD_PER_ANSWER = 0.5
"""What 100 tokens cost, which is what every request expects."""

NOTHING_STATED = Compliance()

HEDGING = (
    HedgingRule(mode=HedgingMode.OFF),
    HedgingRule(mode=HedgingMode.PARALLEL, max_parallel=3),
    HedgingRule(mode=HedgingMode.DELAYED, delay=0.4),
)
COUNTED = UsageCounted(usage=Usage(output_tokens=100))

names = st.frozensets(st.sampled_from(NAMES), max_size=3)
regions = st.frozensets(st.sampled_from(["eu", "us"]), max_size=2)
constraints = st.builds(
    Constraints,
    allowed_regions=regions,
    data_classes=st.frozensets(st.sampled_from(["phi", "pii"]), max_size=1),
    zero_data_retention=st.sampled_from([False, False, True]),
    no_training=st.sampled_from([False, False, True]),
    allowed_providers=st.one_of(st.just(frozenset[str]()), names),
    denied_providers=st.frozensets(st.sampled_from(NAMES), max_size=1),
)
compliances = st.builds(
    Compliance,
    region=st.sampled_from([None, "eu", "us"]),
    zero_data_retention=st.booleans(),
    no_training=st.booleans(),
    data_classes=st.frozensets(st.sampled_from(["phi", "pii"])),
)
delays = st.sampled_from([0.0, 0.1, 0.5, 2.0, 25.0])
failures = st.builds(
    Failure, failure_class=st.sampled_from(FailureClass), message=st.just("it failed")
)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A script that answers, fails, hangs, or breaks after its first words."""
    moves: list[Move] = [Wait(draw(delays))]
    if draw(st.booleans()):
        moves.extend([Emit((TextDelta(text="half"),)), Wait(draw(delays))])
    whole = Emit((TextDelta(text="whole"), COUNTED, Finished(reason=FinishReason.STOP)))
    return [*moves, draw(st.one_of(st.just(whole), st.just(Hang()), st.builds(Fail, failures)))]


worlds = st.fixed_dictionaries(
    {name: st.lists(scripts(), min_size=1, max_size=2) for name in NAMES}
)


def deployment(
    name: str,
    *,
    compliance: Compliance = NOTHING_STATED,
    stops: bool = True,
) -> Deployment:
    """Return a deployment whose answers of 100 tokens cost half a dollar."""
    made = scripted_deployment(
        name,
        cancel_stops_billing=stops,
        model=Model(
            name="model",
            context_window=10_000,
            capabilities=frozenset(Capability),
            prices=Prices(input=0.0, output=USD_PER_ANSWER * 10_000),
        ),
    )
    return dataclasses.replace(made, compliance=compliance)


def policy(hedging: HedgingRule, recovery: StreamRecoveryMode, limits: Constraints) -> Policy:
    """Return a policy over all deployments."""
    return dataclasses.replace(
        scripted_policy(NAMES, max_attempts=4, stream_recovery=recovery),
        hedging=hedging,
        constraints=limits,
    )


def request(*, streaming: bool = True, limits: Constraints | None = None) -> Request:
    """Return a request of the tenant `t` that expects 100 tokens."""
    return scripted_request(
        streaming=streaming,
        timeout=60.0,
        tenant="t",
        routing=Routing(
            expected_output_tokens=100,
            priority=Priority.HIGH,
            constraints=limits or Constraints(),
        ),
    )


def keeps(one: Deployment, limits: Constraints) -> bool:
    """Whether a deployment keeps one party's limits, read in the plainest way."""
    compliance = one.compliance
    provider = one.provider.name
    return (
        (not limits.allowed_regions or compliance.region in limits.allowed_regions)
        and limits.data_classes <= compliance.data_classes
        and (compliance.zero_data_retention or not limits.zero_data_retention)
        and (compliance.no_training or not limits.no_training)
        and (not limits.allowed_providers or provider in limits.allowed_providers)
        and provider not in limits.denied_providers
    )


@given(
    of_deployments=worlds,
    compliance=st.fixed_dictionaries(dict.fromkeys(NAMES, compliances)),
    of_tenant=constraints,
    of_policy=constraints,
    of_request=constraints,
    hedging=st.sampled_from(HEDGING),
    recovery=st.sampled_from(StreamRecoveryMode),
    streaming=st.booleans(),
)
def test_no_attempt_breaks_a_limit_and_nothing_eligible_is_refused(
    of_deployments: dict[str, list[Script]],
    compliance: dict[str, Compliance],
    of_tenant: Constraints,
    of_policy: Constraints,
    of_request: Constraints,
    hedging: HedgingRule,
    recovery: StreamRecoveryMode,
    streaming: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """Promise 3: through failover, hedge, retry and recovery, for all three parties."""
    every = {name: deployment(name, compliance=compliance[name]) for name in NAMES}
    parties = (of_tenant, of_policy, of_request)
    may_serve = {name for name, one in every.items() if all(keeps(one, it) for it in parties)}

    async def play() -> tuple[World, RefusedError | None]:
        world = World(
            of_deployments,
            deployments=tuple(every.values()),
            policy=policy(hedging, recovery, of_policy),
            tenants=(Tenant(name="t", constraints=of_tenant),),
        )
        error = await perform(world, request(streaming=streaming, limits=of_request))
        await asyncio.sleep(0)
        return world, error

    world, refusal = run_in_virtual_time(play())

    assert {call.deployment.name for call in world.gateway.calls} <= may_serve
    assert isinstance(refusal, NoEligibleDeploymentError) == (not may_serve)
    assert bool(world.gateway.calls) == bool(may_serve)
    for call in world.gateway.calls:
        assert call.zero_data_retention == any(it.zero_data_retention for it in parties)
        assert call.no_training == any(it.no_training for it in parties)
    assert world.leftovers() == {}


@given(
    of_deployments=worlds,
    stops=st.booleans(),
    hedging=st.sampled_from(HEDGING),
    recovery=st.sampled_from(StreamRecoveryMode),
    callers=st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 0.3, 1.0, 20.0]),
            st.sampled_from([0.05, 0.4, 1.0, 100.0]),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    ),
    usd=st.sampled_from([0.4, 2.0, 2.5, 4.0, 7.0]),
)
def test_no_window_costs_more_than_the_budget(
    of_deployments: dict[str, list[Script]],
    stops: bool,  # noqa: FBT001 - drawn by hypothesis
    hedging: HedgingRule,
    recovery: StreamRecoveryMode,
    callers: Sequence[tuple[float, float, bool]],
    usd: float,
) -> None:
    """With hedges, recoveries and cancelled calls, the reports add up to at most the budget."""
    rule = CostBudgetRule(usd=usd, window=3600.0)

    async def play() -> tuple[World, float]:
        world = World(
            of_deployments,
            deployments=[deployment(name, stops=stops) for name in NAMES],
            policy=policy(hedging, recovery, Constraints()),
            tenants=(Tenant(name="t", budget=rule), Tenant(name="u")),
        )

        async def come(after: float, patience: float, *, streaming: bool) -> None:
            await asyncio.sleep(after)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await perform(world, request(streaming=streaming))

        async with asyncio.TaskGroup() as group:
            for after, patience, streaming in callers:
                group.create_task(come(after, patience, streaming=streaming))
        await asyncio.sleep(0)
        explained = world.router.explain(request())
        (left,) = (it for it in explained.constraints if it.name == "tenant_budget_usd")
        return world, float(left.value.split()[0])

    world, left = run_in_virtual_time(play())

    costs = [report.total_cost for report, _ in world.observer.ends]
    spent = sum(cost.usd for cost in costs if cost is not None)
    assert spent <= usd * (1 + 1e-9)
    assert left == pytest.approx(usd - spent, abs=1e-5)
    assert world.leftovers() == {}
    assert all(isinstance(it, TenantBudgetExhaustedError) for it in world.observer.refusals)
    # Four attempts of half a dollar may run.
    assert bool(world.observer.ends) == (usd >= 4 * USD_PER_ANSWER)


async def test_two_calls_cannot_reserve_the_same_dollar() -> None:
    """The second is refused while the first runs, and served when it has ended cheaply."""
    world = World(
        {name: [answer("yes", first=1.0)] for name in NAMES},
        deployments=[deployment(name) for name in NAMES],
        tenants=(Tenant(name="t", budget=CostBudgetRule(usd=2.0, window=3600.0)),),
    )

    async with world.router.open(request()) as call:
        with pytest.raises(TenantBudgetExhaustedError) as refused:
            world.router.open(request())
        while not isinstance((await call.receive())[-1], Finished):
            pass
    again = await perform(world, request())

    assert refused.value.retry_after == 1.0
    assert again is None
    assert world.leftovers() == {}


async def test_explaining_reserves_nothing() -> None:
    """It changes nothing, however often it is asked."""
    world = World(
        {name: [answer("yes")] for name in NAMES},
        deployments=[deployment(name) for name in NAMES],
        tenants=(Tenant(name="t", budget=CostBudgetRule(usd=1.5, window=3600.0)),),
    )

    explanations = [world.router.explain(request()) for _ in range(3)]

    assert explanations[0] == explanations[2]
    assert world.router.reservations == 0
    assert all(candidate.eligible for candidate in explanations[0].candidates)


async def test_downgraded_answer_is_flagged() -> None:
    """The caller sees that a lower rung answered, and why."""
    rule = CostBudgetRule(
        usd=4.0, window=3600.0, downgrade=BudgetDowngradeRule(threshold=0.3, policy="drill")
    )
    world = World(
        {name: [answer("yes", first=1.0)] for name in NAMES},
        deployments=[deployment(name) for name in NAMES],
        tenants=(Tenant(name="t", budget=rule),),
    )

    async with world.router.open(request()) as first, world.router.open(request()) as second:
        for call in (first, second):
            while not isinstance((await call.receive())[-1], Finished):
                pass
    plain, lower = first.report(), second.report()

    assert plain.degradation is None
    assert lower.degradation is not None
    assert lower.degradation.rung is DegradationRung.LOWER_TIER
    assert lower.degradation.description == "38% of the tenant's budget is used"


async def test_tenant_that_calls_too_often_is_told_when_to_come_back() -> None:
    """Another tenant is not slowed down, and explanations do not count."""
    world = World(
        {name: [answer("yes")] for name in NAMES},
        tenants=(
            Tenant(name="t", rate=CallRateRule(calls=2, window=10.0)),
            Tenant(name="u"),
        ),
    )
    other = dataclasses.replace(request(), tenant="u")

    world.router.explain(request())
    refusals = [await perform(world, request()) for _ in range(3)]
    await asyncio.sleep(5.0)
    later = await perform(world, request())

    assert refusals[:2] == [None, None]
    assert isinstance(refusals[2], TenantRateLimitedError)
    assert refusals[2].retry_after == 5.0
    assert later is None
    assert await perform(world, other) is None
