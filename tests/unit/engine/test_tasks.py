"""What is started in a scope ends before it, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from routersvc.engine.tasks import TaskScope


async def stay(scope: TaskScope, *, linger: float = 0.0) -> None:
    """Be a guest of the scope for a minute, or until it is closed and a little longer."""
    task = asyncio.current_task()
    assert task is not None
    scope.enter(task)
    try:
        await asyncio.sleep(60.0)
    finally:
        await asyncio.sleep(linger)
        scope.leave(task)


async def test_closing_cancels_tasks_and_guests_and_waits_for_them() -> None:
    """Also for one that takes its time."""
    scope = TaskScope()
    loop = asyncio.get_running_loop()
    guests = [loop.create_task(stay(scope, linger=linger)) for linger in (0.0, 3.0)]
    own = scope.start(asyncio.sleep(60.0), name="own")
    await asyncio.sleep(1.0)
    assert len(scope) == 3

    await scope.aclose()

    assert len(scope) == 0
    assert loop.time() == 4.0
    assert own.cancelled()
    for guest in guests:
        with pytest.raises(asyncio.CancelledError):
            await guest


async def test_guest_that_has_left_is_not_cancelled() -> None:
    """Its task goes on with other things."""
    scope = TaskScope()
    guest = asyncio.get_running_loop().create_task(stay(scope))
    await asyncio.sleep(61.0)

    await scope.aclose()

    await guest
    assert len(scope) == 0
