"""How a replica goes away without losing a call.

    NOT_SERVING ─ notice delay ─▶ new calls refused ─ grace ─▶ the rest ended ─▶ closed

Load balancers hear at once that calls had better go elsewhere; calls are still taken until they
have had the time to act on it. What then still comes is refused with a status that says so, and
what runs may end. What outstays the grace is ended with the same status.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable

from routersvc.engine.router import Router
from routersvc.grpc_api.server import EdgeServer

logger = logging.getLogger(__name__)

ANSWERING_GRACE = 1.0
"""Seconds for the last statuses to leave; only callers that do not read need them all."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DrainRule:
    """How long the stages of a drain last at most, in seconds."""

    notice_delay: float
    grace: float


class Drain:
    """Takes a server and its router out of service, once."""

    def __init__(self, *, server: EdgeServer, router: Router, rule: DrainRule) -> None:
        self._server = server
        self._router = router
        self._rule = rule
        self._requested = asyncio.Event()
        self._stage: asyncio.Timeout | None = None

    def request(self) -> None:
        """Ask for the drain; asked again, end the stage that it is waiting in."""
        if not self._requested.is_set():
            self._requested.set()
        elif self._stage is not None and not self._stage.expired():
            self._stage.reschedule(asyncio.get_running_loop().time())

    async def wait_requested(self) -> None:
        """Wait until somebody asks for the drain."""
        await self._requested.wait()

    async def run(self) -> None:
        """Go through the stages; when this returns, the server has stopped."""
        self._requested.set()
        calls = self._server.calls
        logger.info("draining", extra={"fields": {"running_calls": len(calls)}})
        self._server.health.not_serving()
        await self._within(self._rule.notice_delay, asyncio.Event().wait())
        self._router.drain()
        if not await self._within(self._rule.grace, calls.wait_idle()):
            logger.warning("ending what runs", extra={"fields": {"running_calls": len(calls)}})
            calls.end_all()
        await self._server.stop(grace=ANSWERING_GRACE)
        logger.info("drained")

    async def _within(self, seconds: float, waiting: Awaitable[object]) -> bool:
        """Wait for an event, for so long or until somebody is in a hurry; say whether it came."""
        try:
            async with asyncio.timeout(seconds) as self._stage:
                await waiting
        except TimeoutError:
            return False
        finally:
            self._stage = None
        return True
