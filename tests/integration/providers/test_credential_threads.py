"""What gets credentials blocks, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import threading

from routersvc.providers.credentials.refreshing import Lease, Refreshing


async def test_loop_goes_on_while_a_library_blocks() -> None:
    """The whole service would stand still otherwise."""
    begun = threading.Event()
    gate = threading.Event()
    turned = asyncio.Event()

    def fetch() -> Lease[str]:
        begun.set()
        assert gate.wait(timeout=60)
        return Lease(value=threading.current_thread().name, expires_at=None)

    async def turn() -> None:
        assert await asyncio.to_thread(begun.wait, 30)
        turned.set()
        gate.set()

    tokens = Refreshing(fetch, clock=lambda: 0.0)
    async with asyncio.timeout(60.0), asyncio.TaskGroup() as group:
        waiting = group.create_task(tokens.current())
        group.create_task(turn())

    assert turned.is_set()
    assert waiting.result() == "credential-refresh"
