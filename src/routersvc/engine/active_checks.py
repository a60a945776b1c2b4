"""Runs the active health checks of deployments without recent calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.fleet.active_checks import CheckMethod, CheckResult, CheckRule
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall, Gateway
from routersvc.engine.tasks import TaskScope

logger = logging.getLogger(__name__)

PACE = 1.0
"""Seconds between two looks for checks that are due: intervals are many times longer."""

_PING = Prompt(
    messages=(Message(role=Role.USER, parts=(TextPart(text="ping"),)),),
    sampling=Sampling(max_output_tokens=1),
)
"""The prompt of a check that is billed; it contains nothing of any caller."""


class ActiveChecks:
    """Runs due checks until it is cancelled. Each check is a task of `scope`.

    A check holds what `running` returns while it runs, so that its gateway stays open.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        rule: CheckRule,
        gateway: Gateway,
        scope: TaskScope,
        clock: Callable[[], float],
        running: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._fleet = fleet
        self._rule = rule
        self._gateway = gateway
        self._scope = scope
        self._clock = clock
        self._running = running

    async def run(self) -> None:
        """Run checks until cancelled; return at once where checks are off."""
        if self._rule.method is CheckMethod.OFF:
            return
        while True:
            for deployment in self._fleet.take_due_checks(self._clock()):
                self._scope.start(self.check(deployment), name=f"check {deployment.name}")
            await asyncio.sleep(min(PACE, self._rule.interval))

    async def check(self, deployment: Deployment) -> None:
        """Check one deployment and record the result in the fleet."""
        with self._running():
            await self._check(deployment)

    async def _check(self, deployment: Deployment) -> None:
        began = self._clock()
        failure: Failure | None = None
        try:
            async with asyncio.timeout(self._rule.timeout):
                if self._rule.method is CheckMethod.COMPLETION:
                    await self._complete(deployment)
                else:
                    await self._gateway.probe(deployment, connect_timeout=self._rule.timeout)
        except TimeoutError:
            failure = Failure(
                failure_class=FailureClass.FIRST_CONTENT_TIMEOUT,
                message=f"no answer to a check within {self._rule.timeout:g} s",
            )
        except AttemptFailedError as error:
            failure = error.failure
        except Exception:
            logger.exception("a health check raised an unexpected exception")
            return
        now = self._clock()
        self._fleet.checked(deployment, CheckResult(failure=failure, duration=now - began), now)

    async def _complete(self, deployment: Deployment) -> None:
        stream = self._gateway.open(
            AttemptCall(
                deployment=deployment,
                prompt=_PING,
                streaming=False,
                connect_timeout=self._rule.timeout,
                timeout=self._rule.timeout,
            )
        )
        async with contextlib.aclosing(stream):
            while True:
                events = await stream.receive()
                if events and isinstance(events[-1], Finished):
                    return
