"""Replicas that share nothing send a session the same way, and a seed settles everything else."""

from __future__ import annotations

import asyncio
import dataclasses
import random

import pytest

from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Fail, answer
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import World, scripted_policy, scripted_request

NAMES = ("a", "b", "c", "d")
SESSIONS = [f"session {number}" for number in range(200)]


def replica(seed: int, names: tuple[str, ...] = NAMES, *, order: OrderMode) -> World:
    """Return a router with its own random source."""
    return World(
        {name: [answer("yes", first=0.1)] for name in names},
        policy=scripted_policy(names, order=order),
        seed=seed,
    )


def of_session(session: str) -> Request:
    """Return a request of a session."""
    return scripted_request(routing=Routing(session_id=session))


async def ask(world: World, request: Request) -> str:
    """Return which deployment answers."""
    async with world.router.open(request) as call:
        while not isinstance((await call.receive())[-1], Finished):
            pass
        return call.report().attempts[-1].deployment.name


async def load(world: World, seed: int) -> None:
    """Let a replica see traffic of its own: other requests, and times of its own."""
    chance = random.Random(seed)
    for _ in range(30):
        await ask(world, scripted_request())
        await asyncio.sleep(chance.uniform(0.0, 2.0))


@pytest.mark.parametrize("order", [OrderMode.BALANCED, OrderMode.RANKED])
async def test_replicas_send_a_session_to_the_same_deployment(order: OrderMode) -> None:
    """With other seeds and other loads, and all deployments get their part."""
    one, other = replica(1, order=order), replica(2, order=order)
    await load(one, 3)
    await load(other, 4)

    here = {session: await ask(one, of_session(session)) for session in SESSIONS}
    there = {session: await ask(other, of_session(session)) for session in reversed(SESSIONS)}

    assert here == there
    assert {list(here.values()).count(name) > 200 / 8 for name in NAMES} == {True}


async def test_removing_a_deployment_moves_only_its_own_sessions() -> None:
    """Every other conversation stays where its prompt cache is."""
    whole = replica(1, order=OrderMode.BALANCED)
    less = replica(2, ("a", "b", "d"), order=OrderMode.BALANCED)

    before = {session: await ask(whole, of_session(session)) for session in SESSIONS}
    after = {session: await ask(less, of_session(session)) for session in SESSIONS}

    moved = {session for session in SESSIONS if before[session] != after[session]}
    assert moved == {session for session in SESSIONS if before[session] == "c"}
    assert {after[session] for session in moved} == {"a", "b", "d"}


async def test_session_comes_back_when_its_deployment_does() -> None:
    """A failure moves a session for as long as it lasts, to the same second choice everywhere."""
    well = replica(1, order=OrderMode.BALANCED)
    homes = {session: await ask(well, of_session(session)) for session in SESSIONS}
    session = next(session for session, home in homes.items() if home == "b")
    down = Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))
    answers = {name: [answer("yes")] for name in NAMES}
    worlds = [
        World(
            {**answers, "b": [[down], answer("yes")]},
            policy=scripted_policy(NAMES, order=OrderMode.BALANCED),
            seed=seed,
        )
        for seed in (5, 6)
    ]

    during = [await ask(world, of_session(session)) for world in worlds]
    afterwards = [await ask(world, of_session(session)) for world in worlds]

    assert during[0] == during[1] != "b"
    assert afterwards == ["b", "b"]


@pytest.mark.parametrize("order", OrderMode)
def test_same_seed_and_snapshot_give_the_same_plans(order: OrderMode) -> None:
    """Promise 10: two routers with one history of calls plan every further request alike."""

    async def play(seed: int) -> list[str]:
        world = replica(seed, order=order)
        await load(world, 8)
        requests = [
            dataclasses.replace(scripted_request(), request_id=f"r{number}") for number in range(50)
        ]
        return [await ask(world, request) for request in requests]

    plans = run_in_virtual_time(play(7))

    assert run_in_virtual_time(play(7)) == plans
    assert (run_in_virtual_time(play(9)) == plans) is (order is OrderMode.FIXED)
