"""Starts tasks: each is kept, named, and ended before its scope is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class TaskScope:
    """Keeps every task that is started in it until the task has ended.

    The owner of a task reads its exception; the scope only makes sure that no task is lost.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Return how many tasks have not ended."""
        return len(self._tasks)

    def start(self, coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start a task in the current context."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.wait_ended()

    async def wait_ended(self) -> None:
        """Wait until every task has ended by itself."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))
