"""The status is what the router knows: deployments with their course, decisions, configuration."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any, cast

import pytest

from routersvc.domain.conversation.answers import Finished
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.domain.outcomes.errors import CallFailedError, UnknownNameError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.telemetry.status_page import status as status_module
from routersvc.telemetry.status_page.status import StatusReader
from routersvc.testing.scripted import Fail, Hang, answer
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import World, scripted_request

BROKEN = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))]


async def call(world: World) -> None:
    """Make one call, whatever becomes of it."""
    with contextlib.suppress(CallFailedError):
        async with world.router.open(scripted_request(tenant="")) as opened:
            while not isinstance((await opened.receive())[-1], Finished):
                pass


async def status_of(reader: StatusReader) -> dict[str, Any]:
    """Read the status and return it."""
    await reader.read()
    return cast("dict[str, Any]", json.loads(reader.latest))


def test_deployments_have_state_share_and_course_of_latency() -> None:
    """The share is that of the attempts since the oldest reading; without any it is unknown."""

    async def read() -> Sequence[dict[str, Any]]:
        world = World({"a": [BROKEN] * 3, "b": [answer("x", first=0.5)] * 3})
        reader = StatusReader(world.router, version="1", wall_clock=lambda: 9.0)
        statuses = [await status_of(reader)]
        for _ in range(3):
            await call(world)
            statuses.append(await status_of(reader))
        return [{one["name"]: one for one in status["deployments"]} for status in statuses]

    first, *_, last = run_in_virtual_time(read())

    assert (first["a"]["share"], first["b"]["latencies_seconds"]) == (None, [None])
    assert last["a"]["share"] == last["b"]["share"] == 0.5
    assert last["a"]["last_failure"] == "server_error"
    assert last["a"]["success_rate"] == 0.0
    assert last["b"]["state"] == "healthy"
    assert len(last["b"]["latencies_seconds"]) == 4
    assert last["b"]["latencies_seconds"][-1] == pytest.approx(0.5, rel=0.1)


def test_decisions_have_the_timeline_of_their_attempts() -> None:
    """The latest first, with the failure in the router's own words."""

    async def read() -> dict[str, Any]:
        world = World({"a": [answer("x"), BROKEN], "b": [answer("x", first=0.5)]}, wall_clock=7.0)
        for _ in range(2):
            await call(world)
        return await status_of(StatusReader(world.router, version="1", wall_clock=lambda: 9.0))

    latest, earlier = run_in_virtual_time(read())["decisions"]

    assert (latest["outcome"], latest["served_by"], latest["received_at"]) == ("served", "b", 7.0)
    assert [
        (one["deployment"], one["reason"], one["outcome"], one["failure"])
        for one in latest["attempts"]
    ] == [("a", "first", "failed", "it failed"), ("b", "failover", "served", "")]
    assert latest["attempts"][1]["first_content_seconds"] == 0.5
    assert [one["deployment"] for one in earlier["attempts"]] == ["a"]


def test_running_and_failed_calls_are_decisions_too() -> None:
    """A call that hangs is what one looks for on such a page."""

    async def read() -> list[str]:
        world = World({"a": [BROKEN, [Hang()]]})
        await call(world)
        async with world.router.open(scripted_request()):
            reader = StatusReader(world.router, version="1", wall_clock=lambda: 9.0)
            status = await status_of(reader)
        assert status["read_at"] == 9.0
        return [one["outcome"] for one in status["decisions"]]

    assert run_in_virtual_time(read()) == ["running", "failed"]


def test_no_decision_is_shown_where_none_is_kept() -> None:
    """`server.decisions.kept: 0` holds here as well."""

    async def read() -> dict[str, Any]:
        world = World({"a": [answer("x")]}, decisions=DecisionRule(kept=0))
        await call(world)
        return await status_of(StatusReader(world.router, version="1", wall_clock=lambda: 9.0))

    assert run_in_virtual_time(read())["decisions"] == []


def test_configuration_in_force_and_the_last_failed_reload_are_shown() -> None:
    """A bad file changes nothing but what this says."""

    async def read() -> dict[str, Any]:
        world = World({"a": []}, wall_clock=5.0)
        world.router.reloads.refuse(3, 9.0)
        return await status_of(StatusReader(world.router, version="1", wall_clock=lambda: 9.0))

    assert run_in_virtual_time(read())["configuration"] == {
        "digest": "drill",
        "in_force_since": 5.0,
        "failed_at": 9.0,
        "problems": 3,
        "waiting_for_restart": [],
    }


def test_deployment_that_a_reload_removes_meanwhile_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two of them other work runs, a reload for example."""

    async def read() -> dict[str, Any]:
        world = World({"a": [], "b": []})
        health = world.router.health

        def gone(*, deployments: Sequence[str]) -> Sequence[DeploymentHealth]:
            if deployments == ("b",):
                raise UnknownNameError(field="deployments", name="b", known=["a"])
            return health(deployments=deployments)

        monkeypatch.setattr(world.router, "health", gone)
        return await status_of(StatusReader(world.router, version="1", wall_clock=lambda: 9.0))

    assert [one["name"] for one in run_in_virtual_time(read())["deployments"]] == ["a"]


def test_number_of_deployments_and_readings_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the page costs the same however long and however much the router runs."""
    monkeypatch.setattr(status_module, "MAX_DEPLOYMENTS", 2)

    async def read() -> dict[str, Any]:
        world = World({"a": [], "b": [], "c": []})
        reader = StatusReader(world.router, version="1", wall_clock=lambda: 9.0)
        for _ in range(status_module.READINGS + 5):
            await reader.read()
        return await status_of(reader)

    deployments = run_in_virtual_time(read())["deployments"]

    assert [len(one["latencies_seconds"]) for one in deployments] == [status_module.READINGS] * 2
