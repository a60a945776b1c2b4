"""Tracks the running calls, so that a drain can wait for them and end the remaining ones."""

from __future__ import annotations

import asyncio
from types import TracebackType

from routersvc.domain.outcomes.errors import DrainingError


class RunningCalls:
    """The running calls of one event loop."""

    def __init__(self) -> None:
        self._scopes: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._scopes)

    def running(self) -> RunningCall:
        """Return the context manager for one call."""
        return RunningCall(self._scopes, self._idle)

    async def wait_idle(self) -> None:
        """Wait until no call runs."""
        await self._idle.wait()

    def end_all(self) -> None:
        """End every running call with `DrainingError`, unless it is being ended already."""
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)


class RunningCall:
    """The context manager of one running call.

    Raises `DrainingError` on exit if `RunningCalls.end_all` ended the call. Other cancellations
    pass through.
    """

    __slots__ = ("_idle", "_scope", "_scopes")

    def __init__(self, scopes: set[asyncio.Timeout], idle: asyncio.Event) -> None:
        self._scopes = scopes
        self._idle = idle
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()
        self._scopes.add(self._scope)
        self._idle.clear()

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._scopes.discard(self._scope)
        if not self._scopes:
            self._idle.set()
        try:
            await self._scope.__aexit__(exception_type, exception, traceback)
        except TimeoutError as error:
            raise DrainingError from error
