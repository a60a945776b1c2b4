"""Scripted deployments play one script for each call, and reject a script without an end."""

from __future__ import annotations

import pytest

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.testing import (
    Fail,
    ScriptedStream,
    StreamEvent,
    Wait,
    World,
    answer,
    run_in_virtual_time,
    scripted_deployment,
    scripted_request,
)

_OVERLOADED = Failure(failure_class=FailureClass.OVERLOADED, message="overloaded")


def _ignore(name: str, event: StreamEvent) -> None:
    """Keep no log."""


def test_last_script_repeats() -> None:
    """A test need not know how many calls are made."""

    async def calls() -> list[str]:
        world = World({"a": [[Fail(_OVERLOADED)], answer("noon")], "b": [answer("one")]})
        for _ in range(3):
            async with world.router.open(scripted_request(streaming=False)) as call:
                await call.complete()
        return [f"{name} {event}" for _, name, event in world.gateway.log if event != "started"]

    assert run_in_virtual_time(calls()) == [
        "a failed",
        "b finished",
        "a finished",
        "a finished",
    ]


def test_script_without_an_end_is_an_error_of_the_test() -> None:
    """A stream that waits for ever is written as `Hang`."""
    stream = ScriptedStream("a", [Wait(1.0)], _ignore)

    with pytest.raises(AssertionError, match="`a`"):
        run_in_virtual_time(stream.receive())


def test_health_checks_follow_their_results() -> None:
    """A deployment without results is healthy; the last result repeats."""

    async def check() -> list[bool]:
        world = World({"a": [answer("x")], "b": [answer("x")]}, checks={"a": [None, _OVERLOADED]})
        healthy: list[bool] = []
        for name in ("a", "a", "a", "b"):
            try:
                await world.gateway.probe(scripted_deployment(name), connect_timeout=1.0)
            except AttemptFailedError:
                healthy.append(False)
            else:
                healthy.append(True)
        return healthy

    assert run_in_virtual_time(check()) == [True, False, False, True]
