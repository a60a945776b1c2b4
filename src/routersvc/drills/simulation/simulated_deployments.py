"""Deployments with random latencies and scheduled faults, in virtual time.

Every token names its stream, its position and the number of tokens, so that a receiver can check
that an answer is complete and comes from one attempt.
"""

from __future__ import annotations

import asyncio
import collections
import math
import random as random_module
from collections.abc import Callable, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.drills.plans.drill_plans import DrillPlan, SimulatedDeployment
from routersvc.drills.plans.faults import FAILURE_CLASSES, Fault, FaultKind, FaultSchedule
from routersvc.engine.ports import AttemptCall

REQUEST_HEADER = "x-request"
"""The header that carries the id of the request to the gateway."""

_PROMPT_TOKENS = 10
_STATUSES = {
    FaultKind.ERROR: 503,
    FaultKind.OVERLOAD: 529,
    FaultKind.RATE_LIMIT: 429,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.ONE_AT_A_TIME: 503,
    FaultKind.EVERY_NTH: 503,
    FaultKind.REFUSED_PREFILL: 400,
}
_FAILED_CHECK = Failure(
    failure_class=FailureClass.SERVER_ERROR, message="status 500", http_status=500
)


class _Character:
    """One deployment: its behaviour, its faults and its random source."""

    def __init__(
        self, plan: SimulatedDeployment, schedule: FaultSchedule, random: random_module.Random
    ) -> None:
        self.plan = plan
        self.schedule = schedule
        self.random = random
        self.running = 0
        self._met: collections.Counter[Fault] = collections.Counter()

    def refuses(self, fault: Fault, *, prefilled: bool) -> bool:
        """Return whether an active fault refuses the call that has just begun."""
        match fault.kind:
            case FaultKind.ONE_AT_A_TIME:
                return self.running > 1
            case FaultKind.EVERY_NTH:
                self._met[fault] += 1
                return self._met[fault] % fault.nth != 0
            case FaultKind.REFUSED_PREFILL:
                return prefilled
            case _:
                return fault.refuses

    async def check(self) -> None:
        """Answer a health check without latency; wait forever if the deployment hangs.

        Raises:
            AttemptFailedError: the deployment is down, refuses the credential, or fails checks.
        """
        now = _now()
        if self.schedule.is_down(now):
            raise AttemptFailedError(_refused_connection())
        for fault in self.schedule.active(now):
            if fault.kind in {FaultKind.HANG, FaultKind.CHECK_HANG}:
                await _for_ever()
            elif fault.kind is FaultKind.UNAUTHORIZED:
                raise AttemptFailedError(_refusal(fault))
            elif fault.kind is FaultKind.CHECK_ERROR:
                raise AttemptFailedError(_FAILED_CHECK)


class SimulatedStream:
    """One answer; `speaks` is called with its first token, `closed` when it has been closed."""

    def __init__(
        self,
        serial: int,
        character: _Character,
        *,
        streaming: bool,
        prefilled: bool,
        speaks: Callable[[], object],
        closed: Callable[[int], object],
    ) -> None:
        self._serial = serial
        self._speaks = speaks
        self._closed = closed
        self._character = character
        self._streaming = streaming
        self._prefilled = prefilled
        self._begun = False
        self._open = True
        self._least_gap = 0.0
        self._told = 0
        self._length = 0
        self._breaks_after = math.inf
        self._stalls = False

    async def receive(self) -> Sequence[AnswerEvent]:
        """Wait for the next events.

        Raises:
            AttemptFailedError: the deployment fails.
        """
        if not self._begun:
            self._begun = True
            self._character.running += 1
            await self._begin()
            if not self._streaming:
                return await self._whole()
            return (Started(model_version="simulated-1"), self._token())
        if self._told >= self._breaks_after:
            await self._break_off()
        if self._told == self._length:
            return self._end()
        await self._pause(self._gap())
        return (self._token(),)

    async def aclose(self) -> None:
        """Close the stream."""
        if self._open and self._begun:
            self._character.running -= 1
        self._open = False
        self._closed(self._serial)

    async def _begin(self) -> None:
        """Wait for the first token, under the faults that are active now."""
        character = self._character
        random = character.random
        plan = character.plan
        first = plan.first_content.draw(random)
        self._length = random.randint(plan.min_tokens, plan.max_tokens)
        lucks = {fault: random.random() for fault in character.schedule.active(_now())}
        if character.schedule.is_down(_now()):
            raise AttemptFailedError(_refused_connection())
        for fault, luck in lucks.items():
            if luck >= fault.share:
                continue
            if fault.kind in {FaultKind.HANG, FaultKind.SILENCE}:
                await _for_ever()
            elif character.refuses(fault, prefilled=self._prefilled):
                raise AttemptFailedError(_refusal(fault))
            elif fault.kind is FaultKind.DRIP:
                self._least_gap = max(self._least_gap, fault.interval)
            elif fault.breaks_answers:
                at_the_end = fault.kind in {FaultKind.UNFINISHED, FaultKind.LEFT_OPEN}
                tokens = self._length if at_the_end else fault.tokens
                self._breaks_after = min(self._breaks_after, tokens)
                self._stalls = fault.kind in {FaultKind.STALL, FaultKind.LEFT_OPEN}
        await self._pause(first)
        if self._breaks_after == 0:
            await self._break_off()

    async def _whole(self) -> Sequence[AnswerEvent]:
        length = min(self._length, self._breaks_after)
        seconds = sum(self._gap() for _ in range(1, int(length)))
        await self._pause(seconds)
        if self._breaks_after < math.inf:
            await self._break_off()
        tokens = [self._token() for _ in range(self._length)]
        return (Started(model_version="simulated-1"), *tokens, *self._end())

    def _gap(self) -> float:
        return max(self._least_gap, self._character.plan.gap.draw(self._character.random))

    async def _pause(self, seconds: float) -> None:
        """Wait for `seconds`, extended by active faults, unless the connection breaks."""
        schedule = self._character.schedule
        now = _now()
        due = schedule.thaws_at(now + seconds * schedule.factor(now))
        kill = schedule.next_kill(now)
        if kill <= due:
            await asyncio.sleep(kill - now)
            raise AttemptFailedError(self._lost_connection())
        if due == math.inf:
            await _for_ever()
        await asyncio.sleep(due - now)

    async def _break_off(self) -> None:
        if self._stalls:
            await _for_ever()
        raise AttemptFailedError(self._lost_connection())

    def _lost_connection(self) -> Failure:
        begun = self._told > 0
        return Failure(
            failure_class=FailureClass.TRUNCATED if begun else FailureClass.RESET,
            message="the connection broke",
        )

    def _token(self) -> TextDelta:
        if not self._told:
            self._speaks()
        text = f"{self._serial}.{self._told}/{self._length} "
        self._told += 1
        return TextDelta(text=text)

    def _end(self) -> tuple[AnswerEvent, ...]:
        usage = Usage(input_tokens=_PROMPT_TOKENS, output_tokens=self._length)
        return (UsageCounted(usage=usage), Finished(reason=FinishReason.STOP))


class SimulatedGateway:
    """The gateway to the simulated deployments.

    `speaks` is called with request id and deployment when the router receives a first token.
    """

    def __init__(self, plan: DrillPlan, speaks: Callable[[str, str], object]) -> None:
        self._speaks = speaks
        self._characters = {
            deployment.name: _Character(
                deployment,
                FaultSchedule(f for f in plan.faults if f.deployment == deployment.name),
                random_module.Random(f"{plan.seed}/{deployment.name}"),
            )
            for deployment in plan.deployments
        }
        self._opened = 0
        self._open: dict[int, str] = {}

    @property
    def open_streams(self) -> int:
        """The number of streams that were opened and are not closed yet."""
        return len(self._open)

    def open_streams_of(self, request_id: str) -> int:
        """Return the number of open streams of a request."""
        return sum(of == request_id for of in self._open.values())

    def open(self, call: AttemptCall) -> SimulatedStream:
        """Open a stream."""
        self._opened += 1
        request_id = call.headers.get(REQUEST_HEADER, "")
        name = call.deployment.name
        self._open[self._opened] = request_id
        return SimulatedStream(
            self._opened,
            self._characters[name],
            streaming=call.streaming,
            prefilled=call.prompt.messages[-1].role is Role.ASSISTANT,
            speaks=lambda: self._speaks(request_id, name),
            closed=self._forget,
        )

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Answer a health check.

        Raises:
            AttemptFailedError: the deployment is down, refuses the credential, or fails checks.
        """
        del connect_timeout
        await self._characters[deployment.name].check()

    def _forget(self, serial: int) -> None:
        self._open.pop(serial, None)


def _refused_connection() -> Failure:
    return Failure(failure_class=FailureClass.CONNECT, message="the connection is refused")


def _refusal(fault: Fault) -> Failure:
    status = _STATUSES.get(fault.kind)
    return Failure(
        failure_class=FAILURE_CLASSES[fault.kind],
        message="the connection broke" if status is None else f"status {status}",
        http_status=status,
        retry_after=fault.retry_after,
        connection_was_idle=fault.kind is FaultKind.STALE_CONNECTION,
    )


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def _now() -> float:
    return asyncio.get_running_loop().time()
