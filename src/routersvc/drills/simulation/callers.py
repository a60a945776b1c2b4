"""The callers of a drill, which make calls, read answers and sometimes cancel."""

from __future__ import annotations

import asyncio
import random as random_module
from collections.abc import Callable
from typing import Protocol

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.outcomes.errors import CallFailedError, RefusedError
from routersvc.drills.plans.drill_plans import Batches, ClosedLoop, DrillPlan, PoissonArrivals
from routersvc.drills.promises.received_answers import ReceivedAnswer
from routersvc.engine.router import Router

_PROMPT = Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="What is the time?"),)),))


class CallerWatch(Protocol):
    """Observes what callers do and receive."""

    def arrives(self, request: Request) -> None:
        """A call is about to begin."""
        ...

    def hears(self, request: Request, answer: ReceivedAnswer) -> None:
        """The caller received events."""
        ...

    def leaves(self, request: Request, answer: ReceivedAnswer, error: BaseException | None) -> None:
        """The call has ended for its caller, in whatever way."""
        ...


class Callers:
    """All callers of one drill."""

    def __init__(self, plan: DrillPlan, router: Router, watch: CallerWatch) -> None:
        self._plan = plan
        self._router = router
        self._watch = watch
        self._random = random_module.Random(f"{plan.seed} callers")
        self._providers = sorted({d.provider or d.name for d in plan.deployments})
        self._made = 0

    async def come(self) -> None:
        """Make all calls and wait until the last one has ended."""
        arrivals = self._plan.arrivals
        async with asyncio.TaskGroup() as group:
            match arrivals:
                case PoissonArrivals():
                    await self._poisson(arrivals, group)
                case Batches():
                    await self._batches(arrivals, group)
                case ClosedLoop():
                    for _ in range(arrivals.callers):
                        group.create_task(self._loop(arrivals, group))

    async def _poisson(self, arrivals: PoissonArrivals, group: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(arrivals.rate))
            if self._is_over():
                return
            self._call(group)

    async def _batches(self, arrivals: Batches, group: asyncio.TaskGroup) -> None:
        while not self._is_over():
            calls = [self._call(group) for _ in range(arrivals.size)]
            await asyncio.wait(calls)
            await asyncio.sleep(arrivals.pause)

    async def _loop(self, arrivals: ClosedLoop, group: asyncio.TaskGroup) -> None:
        while not self._is_over():
            began = _now()
            await asyncio.wait([self._call(group)])
            # Without a pause, a caller that is refused at once would call forever.
            await asyncio.sleep(arrivals.pause or (0.0 if _now() > began else _LEAST_PAUSE))

    def _is_over(self) -> bool:
        if self._plan.max_calls is not None and self._made >= self._plan.max_calls:
            return True
        return _now() >= self._plan.duration

    def _call(self, group: asyncio.TaskGroup) -> asyncio.Task[None]:
        self._made += 1
        random = self._random
        mix = self._plan.mix
        request = self._request(f"{self._made:06d}")
        leaves_early = random.random() < mix.cancelled_share
        patience = mix.cancel_after.draw(random)
        task = group.create_task(self._perform(request))
        if leaves_early:
            timer = asyncio.get_running_loop().call_later(patience, task.cancel)
            task.add_done_callback(_disarming(timer))
        return task

    def _request(self, request_id: str) -> Request:
        random = self._random
        mix = self._plan.mix
        denied: frozenset[str] = frozenset()
        if random.random() < mix.denying_share:
            denied = frozenset({random.choice(self._providers)})
        return Request(
            request_id=request_id,
            prompt=_PROMPT,
            routing=Routing(
                constraints=Constraints(denied_providers=denied),
                priority=mix.priority,
                has_side_effects=random.random() < mix.side_effect_share,
            ),
            streaming=random.random() < mix.streaming_share,
            timeout=mix.timeout.draw(random),
            previous_attempts=int(random.random() < mix.retried_share),
        )

    async def _perform(self, request: Request) -> None:
        answer = ReceivedAnswer()
        outcome: BaseException | None = None
        watch = self._watch
        watch.arrives(request)
        try:
            async with self._router.open(request) as call:
                if request.streaming:
                    while not answer.finished:
                        answer.take(await call.receive())
                        watch.hears(request, answer)
                else:
                    completion = await call.complete()
                    texts = [part.text for part in completion.parts if isinstance(part, TextPart)]
                    answer.take_whole("".join(texts))
                    watch.hears(request, answer)
        except (RefusedError, CallFailedError) as error:
            outcome = error
        except BaseException as error:
            outcome = error
            raise
        finally:
            watch.leaves(request, answer, outcome)


_LEAST_PAUSE = 0.001


def _disarming(timer: asyncio.TimerHandle) -> Callable[[object], None]:
    return lambda _: timer.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
