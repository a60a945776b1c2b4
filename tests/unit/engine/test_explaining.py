"""Explaining calls no provider and changes no state; past decisions are explained as made."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import gc
import random as random_module
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.explaining.explanations import Explanation
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.leases import Obstacle
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.measures.cost_budgets import CostBudgetRule
from routersvc.domain.measures.windows import SlidingWindow
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome
from routersvc.domain.outcomes.errors import (
    CallFailedError,
    RefusedError,
    UnknownDecisionError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.planner import Planner
from routersvc.engine.router import Router
from routersvc.testing.scripted import Emit, Fail, Hang, Script, answer
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import (
    RecordingObserver,
    World,
    scripted_deployment,
    scripted_policy,
    scripted_request,
)

SECRET = "the patient of room 12 is called Miriam"
ORDERS = [OrderMode.FIXED, OrderMode.BALANCED, OrderMode.RANKED]
NAMES = ("a", "b", "c")
TENANTS = [
    Tenant(name="t", budget=CostBudgetRule(usd=10.0, window=60.0)),
    Tenant(name="u"),
]

routings = st.builds(
    Routing,
    constraints=st.builds(
        Constraints,
        allowed_providers=st.frozensets(st.sampled_from(NAMES), max_size=2),
        max_cost_usd=st.sampled_from([None, 1e-9, 1.0]),
        zero_data_retention=st.booleans(),
    ),
    pinned_deployment=st.sampled_from(["", "", "a", "nobody"]),
    session_id=st.sampled_from(["", "s"]),
    latency_budget=st.sampled_from([None, 0.2]),
    hedging_mode=st.sampled_from([None, *HedgingMode]),
)
requests = st.builds(
    scripted_request,
    text=st.sampled_from(["short", "long " * 2_000]),
    streaming=st.booleans(),
    routing=routings,
    tenant=st.sampled_from(["t", "u", "nobody"]),
)


def failing(failure_class: FailureClass) -> Script:
    """Return a script that fails at once."""
    return [Fail(Failure(failure_class=failure_class, message="it failed"))]


scripts = st.one_of(
    st.sampled_from([0.01, 0.3, 2.0]).map(lambda first: answer("words", first=first)),
    st.sampled_from(sorted(FailureClass, key=str)).map(failing),
    st.just([Emit((TextDelta(text="half"),)), Hang()]),
)


def policy(order: OrderMode, hedging: HedgingMode = HedgingMode.DELAYED) -> Policy:
    """Return a policy over all deployments that hedges."""
    rule = HedgingRule(mode=hedging, delay=0.5)
    return dataclasses.replace(scripted_policy(NAMES, order=order), hedging=rule)


async def call(world: World, request: Request) -> str:
    """Make a call, whatever comes of it, and return the id of its decision."""
    opened = world.router.open(request)
    with contextlib.suppress(CallFailedError):
        async with opened:
            while True:
                events = await opened.receive()
                if isinstance(events[-1], Finished):
                    break
    return opened.decision_id


def explained(router: Router, request: Request) -> Explanation | None:
    """Return an explanation, `None` where the request is refused for its names."""
    with contextlib.suppress(RefusedError):
        return router.explain(request)
    return None


def structure(value: object, above: frozenset[int] = frozenset()) -> object:
    """Return a graph of objects as plain data that compares by what it holds."""
    if value is None or isinstance(value, str | int | float | bool | bytes | enum.Enum):
        return value
    if isinstance(value, random_module.Random):
        return value.getstate()
    if isinstance(value, Deployment | Planner):
        return value.name if isinstance(value, Deployment) else "planner"
    if callable(value):
        return "callable"
    if id(value) in above:
        return "above"
    above |= {id(value)}
    if isinstance(value, Mapping):
        return [
            (structure(key, above), structure(each, above))
            for key, each in cast("Mapping[object, object]", value).items()
        ]
    if isinstance(value, Iterable):
        return [structure(each, above) for each in cast("Iterable[object]", value)]
    is_window = isinstance(value, SlidingWindow)
    names = [
        *(name for kind in type(value).__mro__ for name in vars(kind).get("__slots__", ())),
        *getattr(value, "__dict__", ()),
    ]
    return [
        (name, structure(getattr(value, name, None), above))
        for name in names
        # Where an empty window stands is nothing that anybody could know it by.
        if not (is_window and name in {"_current", "_ends_at", "_number"})
    ]


def known_by(router: Router) -> object:
    """Return all that changes in a router: its fleet, budgets, rates, decisions, random numbers."""
    state = vars(router)
    names = ("_budgets", "_admission", "_random")
    generation = state["_current"]
    values = (generation.fleet, *(state[name] for name in names), generation.explainer.decisions)
    return structure([*values])


async def observed(
    steps: Sequence[tuple[Request, float]],
    scripted: Mapping[str, Sequence[Script]],
    order: OrderMode,
    asked: Sequence[Request],
) -> tuple[object, ...]:
    """Make calls with pauses, explain `asked` before and after each, and tell all there is to see.

    What is explained at the end, in either case, lets windows of time forget what is too old.
    """
    world = World(scripted, policy=policy(order), tenants=TENANTS)
    router = world.router
    for request, pause in steps:
        for each in asked:
            explained(router, each)
        with contextlib.suppress(RefusedError):
            decision_id = await call(world, request)
            for each in asked:
                explained(router, each)
                router.explain_decision(decision_id, tenant=request.tenant)
        await asyncio.sleep(pause)
    at_the_end = [
        explained(router, scripted_request(tenant=name, streaming=streaming))
        for name in ("t", "u")
        for streaming in (True, False)
    ]
    return (
        world.gateway.log,
        world.observer.attempts,
        [report for report, _ in world.observer.ends],
        [str(refusal) for refusal in world.observer.refusals],
        at_the_end,
        router.health(),
        router.remembered_decisions,
        known_by(router),
    )


calls = st.lists(
    st.tuples(requests, st.sampled_from([0.0, 0.05, 1.0, 40.0])), min_size=1, max_size=5
)
worlds = st.fixed_dictionaries({name: st.lists(scripts, min_size=1, max_size=3) for name in NAMES})


# Shrinking worlds takes minutes; an example is small as it is.
@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(calls, worlds, st.sampled_from(ORDERS), st.lists(requests, min_size=1, max_size=3))
def test_router_that_explains_decides_like_one_that_does_not(
    steps: Sequence[tuple[Request, float]],
    scripted: Mapping[str, Sequence[Script]],
    order: OrderMode,
    asked: Sequence[Request],
) -> None:
    """No provider is called, nothing is counted, drawn or learned: the twins stay alike.

    Their calls go the same ways at the same instants, and in the end they know the same, down to
    every window, budget, decision and the state of the random numbers.
    """
    silent = run_in_virtual_time(observed(steps, scripted, order, ()))
    asked_often = run_in_virtual_time(observed(steps, scripted, order, asked))

    assert asked_often == silent


def test_the_comparison_of_twins_sees_a_single_call() -> None:
    """Else the property above would prove nothing."""

    async def known(calls_made: int) -> object:
        world = World({"a": [answer("a")], "b": [answer("b")], "c": [answer("c")]})
        for _ in range(calls_made):
            await call(world, scripted_request())
        return known_by(world.router)

    assert run_in_virtual_time(known(1)) == run_in_virtual_time(known(1))
    assert run_in_virtual_time(known(1)) != run_in_virtual_time(known(2))


@given(worlds, st.sampled_from(ORDERS), requests)
def test_the_same_snapshot_gives_the_same_explanation(
    scripted: Mapping[str, Sequence[Script]], order: OrderMode, asked: Request
) -> None:
    """Asked twice at one moment, or of a router that has been through the same."""

    async def twice() -> tuple[Explanation | None, Explanation | None]:
        world = World(scripted, policy=policy(order), tenants=TENANTS)
        for tenant in ("t", "u", "t", "u"):
            await call(world, scripted_request(tenant=tenant))
        return explained(world.router, asked), explained(world.router, asked)

    first, second = run_in_virtual_time(twice())

    assert first == second == run_in_virtual_time(twice())[0]


async def test_a_past_decision_is_told_as_it_was() -> None:
    """Scores, obstacles and the plan are those of then, whatever has happened since."""
    down = failing(FailureClass.SERVER_ERROR)
    world = World({"a": [down] * 5 + [answer("a")] * 9, "b": [answer("b", first=0.1)]})
    for _ in range(6):
        await call(world, scripted_request())
    request = scripted_request()
    before = world.router.explain(request)
    decision_id = await call(world, request)
    await asyncio.sleep(30.0)
    await call(world, request)

    past = world.router.explain_decision(decision_id, tenant="")

    report = past.report
    assert report is not None
    assert report.decision_id == decision_id
    assert [(one.deployment.name, one.outcome) for one in report.attempts] == [
        ("b", AttemptOutcome.SERVED)
    ]
    assert past.obstacles == before.obstacles
    assert past.obstacles["a"].obstacle is Obstacle.BREAKER_OPEN
    assert dataclasses.replace(past, report=None) == dataclasses.replace(
        before,
        # A plan of fixed order asks nobody for latencies, so a decision does not know them.
        candidates=tuple(
            dataclasses.replace(one, expected_first_content=None) for one in before.candidates
        ),
        # Nor does it ask for the task.
        profile=dataclasses.replace(
            before.profile,
            task=None,
            complexity=None,
            classification=None,
            evidence=past.profile.evidence,
        ),
    )
    assert [(one.finding, one.weight) for one in past.profile.evidence[:2]] == [
        ("task", None),
        ("complexity", None),
    ]
    assert not world.router.explain(request).obstacles


async def test_scores_of_a_past_decision_are_those_of_then() -> None:
    """A ranking looks at live latencies; the explanation shows what it saw."""
    world = World(
        {"a": [answer("a", first=0.4)] * 9, "b": [answer("b", first=0.1)] * 9},
        policy=scripted_policy(["a", "b"], order=OrderMode.RANKED),
    )
    for pinned in ("a", "b", "a", "b"):
        await call(world, scripted_request(routing=Routing(pinned_deployment=pinned)))
    await asyncio.sleep(1.0)
    before = world.router.explain(scripted_request())
    decision_id = await call(world, scripted_request())
    await asyncio.sleep(600.0)

    past = world.router.explain_decision(decision_id, tenant="")

    assert {one.deployment.name: one.expected_first_content for one in past.candidates} == {
        "a": pytest.approx(0.4, rel=0.05),
        "b": pytest.approx(0.1, rel=0.05),
    }
    assert past.candidates == before.candidates
    assert past.profile == before.profile
    assert world.router.explain(scripted_request()).candidates != before.candidates


async def test_a_decision_is_told_while_its_call_runs() -> None:
    """With what has become of it so far, and what was decided on a hedge."""
    world = World(
        {"a": [[Hang()]], "b": [answer("b")], "c": [answer("c")]}, policy=policy(ORDERS[0])
    )
    opened = world.router.open(scripted_request())
    async with opened, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(opened.receive())
        await asyncio.sleep(0.1)

        running = world.router.explain_decision(opened.decision_id, tenant="")

        waiting.cancel()
    ended = world.router.explain_decision(opened.decision_id, tenant="")
    assert running.report is not None
    assert [one.outcome for one in running.report.attempts] == [AttemptOutcome.RUNNING]
    assert running.plan is not None
    assert running.plan.hedging.delay == 0.5
    assert ended.report is not None
    assert [one.outcome for one in ended.report.attempts] == [AttemptOutcome.CANCELLED]
    assert ended.plan == running.plan


async def test_a_disabled_credential_is_told_with_its_next_check() -> None:
    """It stays in the plan, because a call after that is the check."""
    world = World(
        {"a": [failing(FailureClass.AUTHENTICATION)] * 2, "b": [answer("b")] * 2},
    )
    for _ in range(2):
        await call(world, scripted_request())

    obstacles = world.router.explain(scripted_request()).obstacles

    assert obstacles["a"].obstacle is Obstacle.CREDENTIAL_DISABLED
    assert obstacles["a"].wait == 30.0
    await asyncio.sleep(31.0)
    assert world.router.explain(scripted_request()).obstacles == {}


async def test_a_disabled_model_is_told_with_its_next_check() -> None:
    """It is another thing to mend than a key."""
    world = World({"a": [failing(FailureClass.MODEL_NOT_FOUND)], "b": [answer("b")]})
    for _ in range(2):
        await call(world, scripted_request())

    obstacles = world.router.explain(scripted_request()).obstacles

    assert {name: one.obstacle for name, one in obstacles.items()} == {"a": Obstacle.MODEL_DISABLED}


async def test_a_full_deployment_is_told() -> None:
    """A call would wait for a place, or go on to the next one."""
    rules = FleetRules(
        deployments=DeploymentRules(concurrency=ConcurrencyRule(initial=1, minimum=1, maximum=1))
    )
    world = World({"a": [[Hang()]], "b": [answer("b")]}, rules=rules)
    async with world.router.open(scripted_request()) as opened, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(opened.receive())
        await asyncio.sleep(0.1)

        obstacles = world.router.explain(scripted_request()).obstacles

        waiting.cancel()
    assert [(name, one.obstacle, one.wait) for name, one in obstacles.items()] == [
        ("a", Obstacle.FULL, None)
    ]


async def test_a_decision_is_its_tenants_alone() -> None:
    """Promise 12: to another tenant it does not exist, by the same words as one that never did."""
    world = World({name: [answer(name)] for name in NAMES}, tenants=TENANTS)
    decision_id = await call(world, scripted_request(tenant="t"))

    assert world.router.explain_decision(decision_id, tenant="t").report is not None
    with pytest.raises(UnknownDecisionError) as of_another:
        world.router.explain_decision(decision_id, tenant="u")
    with pytest.raises(UnknownDecisionError) as of_nobody:
        world.router.explain_decision("never", tenant="u")
    with pytest.raises(UnknownTenantError):
        world.router.explain_decision(decision_id, tenant="")
    assert str(of_another.value) == str(of_nobody.value)


async def test_an_old_decision_is_forgotten() -> None:
    """It cannot be read past its age, although it is dropped with the next decision only."""
    world = World({"a": [answer("a")] * 3}, decisions=DecisionRule(kept=10, max_age=60.0))
    decision_id = await call(world, scripted_request())
    await asyncio.sleep(59.0)

    world.router.explain_decision(decision_id, tenant="")

    await asyncio.sleep(2.0)
    with pytest.raises(UnknownDecisionError):
        world.router.explain_decision(decision_id, tenant="")
    assert world.router.remembered_decisions == 1
    await call(world, scripted_request())
    assert world.router.remembered_decisions == 1


async def test_only_the_latest_decisions_are_held() -> None:
    """Memory is bounded by their number."""
    world = World({"a": [answer("a")] * 5}, decisions=DecisionRule(kept=2))
    made = [await call(world, scripted_request()) for _ in range(5)]

    known: list[str] = []
    for decision_id in made:
        with contextlib.suppress(UnknownDecisionError):
            world.router.explain_decision(decision_id, tenant="")
            known.append(decision_id)

    assert known == made[-2:]
    assert world.router.remembered_decisions == 2


async def test_no_decision_need_be_held() -> None:
    """`kept: 0` is a way to say so."""
    world = World({"a": [answer("a")]}, decisions=DecisionRule(kept=0))
    decision_id = await call(world, scripted_request())

    with pytest.raises(UnknownDecisionError):
        world.router.explain_decision(decision_id, tenant="")
    assert world.router.remembered_decisions == 0


async def test_a_prompt_does_not_outlive_its_call() -> None:
    """Promise 9, and memory: nothing that is remembered leads to the prompt or to a part of it."""
    world = World({"a": [answer("a", first=0.1)], "b": [answer("b")]}, policy=policy(ORDERS[2]))
    decision_id = await call(world, scripted_request(text=SECRET))

    generation = vars(world.router)["_current"]
    reachable = reached_from([generation.explainer, generation.fleet])

    assert not [each for each in reachable if isinstance(each, Prompt | TextPart | Request)]
    assert not [each for each in reachable if isinstance(each, str) and SECRET in each]
    assert SECRET not in repr(world.router.explain_decision(decision_id, tenant=""))


_NOT_OF_THE_ROUTER = (type, types.ModuleType, types.FunctionType, RecordingObserver)


def reached_from(start: object) -> list[object]:
    """Return every object that a router holds, itself included, but for what the test records."""
    found: dict[int, object] = {}
    left = [start]
    while left:
        each = left.pop()
        if id(each) in found or isinstance(each, _NOT_OF_THE_ROUTER):
            continue
        found[id(each)] = each
        left.extend(gc.get_referents(each))
    return list(found.values())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"kept": -1}, "`kept` must be at least 0"), ({"max_age": 0.0}, "`max_age` must be above 0")],
)
def test_a_rule_refuses_what_makes_no_sense(wrong: dict[str, float], sentence: str) -> None:
    """With what is right."""
    with pytest.raises(ValueError, match=sentence):
        DecisionRule(**wrong)  # type: ignore[arg-type]


class Inexpressive:
    """The rules of a wire format that cannot express any unusual request."""

    def refusal(self, deployment: Deployment, shape: Prompt) -> str:
        """Return why the format cannot express a shape."""
        del shape
        return f"{deployment.name} cannot express this"

    def maker(self, wire_model: str) -> str:
        """Return no maker."""
        del wire_model
        return ""

    def takes_plain_thoughts(self, wire_model: str) -> bool:
        """Return that it takes them."""
        del wire_model
        return True


@pytest.mark.parametrize("max_output_tokens", [None, 5])
def test_past_decision_tells_what_a_wire_format_excluded(max_output_tokens: int | None) -> None:
    """The prompt that it could not express is gone by then, and with it the detailed reason."""
    excluded = scripted_deployment("a")
    provider = dataclasses.replace(excluded.provider, wire_rules=Inexpressive())
    excluded = dataclasses.replace(excluded, provider=provider)
    request = scripted_request()
    prompt = dataclasses.replace(
        request.prompt,
        end_user_id="user-1",
        sampling=Sampling(max_output_tokens=max_output_tokens),
    )
    request = dataclasses.replace(request, prompt=prompt)

    async def explain() -> Explanation:
        world = World({"a": [], "b": [answer("x")]}, deployments=[excluded])
        decision_id = await call(world, request)
        return world.router.explain_decision(decision_id, tenant="")

    explanation = run_in_virtual_time(explain())

    assert [
        (each.deployment.name, [exclusion.reason for exclusion in each.exclusions])
        for each in explanation.candidates
    ] == [("b", []), ("a", [ExclusionReason.WIRE_FORMAT])]
