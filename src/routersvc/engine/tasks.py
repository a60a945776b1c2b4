"""Starts tasks: each is kept, named, and ended before its scope is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class TaskScope:
    """Keeps every task that is started in it until the task has ended.

    The owner of a task reads its exception; the scope only makes sure that no task is lost. A task
    of somebody else can enter for a while, and is cancelled if the scope is closed meanwhile.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._guests: set[asyncio.Task[Any]] = set()
        self._guests_left: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        """Return how many tasks have not ended, or not left."""
        return len(self._tasks) + len(self._guests)

    def enter(self, task: asyncio.Task[Any]) -> None:
        """Let a task that was started elsewhere be cancelled with the scope, until `leave`."""
        self._guests.add(task)

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Let a task go that has entered."""
        self._guests.discard(task)
        if self._guests_left is not None and not self._guests:
            self._guests_left.set_result(None)
            self._guests_left = None

    def start(
        self,
        coroutine: Coroutine[Any, Any, T],
        *,
        name: str,
        on_end: Callable[[], None] | None = None,
    ) -> asyncio.Task[T]:
        """Start a task in the current context; `on_end` is called once it has ended."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        tasks = self._tasks
        tasks.add(task)

        def ended(task: asyncio.Task[T]) -> None:
            tasks.discard(task)
            if on_end is not None:
                on_end()

        # One callback: the loop schedules each of them.
        task.add_done_callback(ended)
        return task

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended, or left."""
        for task in (*self._tasks, *self._guests):
            task.cancel()
        await self.wait_ended()

    async def wait_ended(self) -> None:
        """Wait until every task has ended by itself, or left."""
        while self._tasks or self._guests:
            if self._tasks:
                await asyncio.wait(tuple(self._tasks))
            else:
                if self._guests_left is None:
                    self._guests_left = asyncio.get_running_loop().create_future()
                await asyncio.shield(self._guests_left)
