"""Drains a replica without losing calls.

    NOT_SERVING ─ notice delay ─▶ new calls refused ─ grace ─▶ the rest ended ─▶ closed

Load balancers learn at once that the replica is NOT_SERVING; calls are still accepted for the
notice delay, until they have reacted. Later calls are refused with a retryable status; running
calls may finish. Calls that outlast the grace are ended with the same status.
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
"""Seconds to send the last statuses; only callers that do not read take this long."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DrainRule:
    """The longest duration of each stage of a drain, in seconds."""

    notice_delay: float
    grace: float


class Drain:
    """Takes a server and its router out of service, once; `rule` may be replaced before."""

    def __init__(self, *, server: EdgeServer, router: Router, rule: DrainRule) -> None:
        self._server = server
        self._router = router
        self.rule = rule
        self._requested = asyncio.Event()
        self._stage: asyncio.Timeout | None = None

    def request(self) -> None:
        """Request the drain; a further request ends the current stage."""
        if not self._requested.is_set():
            self._requested.set()
        elif self._stage is not None and not self._stage.expired():
            self._stage.reschedule(asyncio.get_running_loop().time())

    async def wait_requested(self) -> None:
        """Wait until the drain is requested."""
        await self._requested.wait()

    async def run(self) -> None:
        """Run the stages; when this returns, the server has stopped."""
        self._requested.set()
        calls = self._server.calls
        logger.info("draining", extra={"fields": {"running_calls": len(calls)}})
        self._server.health.not_serving()
        await self._within(self.rule.notice_delay, asyncio.Event().wait())
        self._router.drain()
        if not await self._within(self.rule.grace, calls.wait_idle()):
            logger.warning(
                "drain grace expired: ending running calls",
                extra={"fields": {"running_calls": len(calls)}},
            )
            calls.end_all()
        await self._server.stop(grace=ANSWERING_GRACE)
        logger.info("drained")

    async def _within(self, seconds: float, waiting: Awaitable[object]) -> bool:
        """Return whether `waiting` ended within `seconds`, before the stage was ended early."""
        try:
            async with asyncio.timeout(seconds) as self._stage:
                await waiting
        except TimeoutError:
            return False
        finally:
            self._stage = None
        return True
