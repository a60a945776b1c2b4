"""A drain waits for the calls that run, and can end them without taking them for its own."""

from __future__ import annotations

import asyncio

import pytest

from routersvc.domain.outcomes.errors import DrainingError
from routersvc.grpc_api.errors.running_calls import RunningCalls


async def test_nothing_runs_at_first() -> None:
    """A server without calls drains at once."""
    calls = RunningCalls()

    await calls.wait_idle()

    assert len(calls) == 0


async def test_last_call_ends_the_wait() -> None:
    """Each call counts until it has left, however it left."""
    calls = RunningCalls()
    release = asyncio.Event()
    log: list[str] = []

    async def call() -> None:
        async with calls.running():
            await release.wait()
            log.append("ended")

    async def drain() -> None:
        await calls.wait_idle()
        log.append("idle")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(call())
        tasks.create_task(call())
        await asyncio.sleep(0)
        tasks.create_task(drain())
        running = len(calls)
        release.set()

    assert running == 2
    assert log == ["ended", "ended", "idle"]


async def test_ended_call_says_why() -> None:
    """Its caller hears that another replica can serve, not that it went away itself."""
    calls = RunningCalls()

    async def call() -> None:
        async with calls.running():
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_caught(call()))
        await asyncio.sleep(0)
        calls.end_all()
        await asyncio.sleep(0)
        calls.end_all()

    assert isinstance(task.result(), DrainingError)
    assert len(calls) == 0


async def test_caller_s_own_cancellation_passes() -> None:
    """It must reach the upstream call as what it is."""
    calls = RunningCalls()

    async def call() -> None:
        async with calls.running():
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(call())
        await asyncio.sleep(0)
        task.cancel()

    assert task.cancelled()
    assert len(calls) == 0


async def test_error_of_a_call_passes() -> None:
    """The exit that stands further out maps it."""
    calls = RunningCalls()

    with pytest.raises(ValueError, match="it failed"):
        async with calls.running():
            raise ValueError("it failed")

    assert len(calls) == 0


async def _caught(call: object) -> BaseException | None:
    """Return what a call raises."""
    assert asyncio.iscoroutine(call)
    try:
        await call
    except DrainingError as error:
        return error
    return None
