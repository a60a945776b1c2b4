"""Performs what the race of a call decides, until one of its attempts commits.

The task of the caller reads the first attempt by itself: a call that nothing goes wrong with needs
no other task, and its answer wakes nobody else. Attempts that start beside a running one, hedges
and rescues, have tasks of their own. While the caller's task reads, the race goes on in callbacks
of the loop, and an attempt that has lost is interrupted as a timeout is: by a cancellation that is
counted, and taken back, as `asyncio.timeout` does.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from typing import assert_never

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.prefills import with_prefill
from routersvc.domain.conversation.proofs import prompt_for
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.race_attempts import CancelAttempt, RaceStep, StartAttempt
from routersvc.domain.racing.races import Race
from routersvc.engine.answer_sizes import DEFAULT_MAX_ANSWER_BYTES
from routersvc.engine.attempt_runs import AttemptRun
from routersvc.engine.ports import AttemptCall, Gateway, Observer
from routersvc.engine.reporting import Decision, attempt_report
from routersvc.engine.tasks import TaskScope

BACKSTOP = 0.5
"""Seconds past its timeout after which an attempt ends itself. The race's own clock comes first: an
attempt that timed out a moment before the deadline would look like a failing provider."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What every call of a router shares. `clock` is the running loop's own time.

    `max_answer_bytes` is the largest message that the server sends to a caller.
    """

    gateway: Gateway
    observer: Observer
    scope: TaskScope
    clock: Callable[[], float]
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES


class RunningRace:
    """The attempts of one call and what runs them. Used by one task at a time.

    `prefill` is the text that the next attempts continue where their deployments can. `winner` is
    the attempt that has committed.
    """

    __slots__ = (
        "_decision",
        "_defect",
        "_is_interrupted",
        "_race",
        "_reader",
        "_reading",
        "_request",
        "_runs",
        "_surroundings",
        "_timer",
        "_unread",
        "_wakened",
        "prefill",
        "winner",
    )

    def __init__(
        self, *, request: Request, decision: Decision, race: Race, surroundings: Surroundings
    ) -> None:
        self.prefill = ""
        self.winner: AttemptRun | None = None
        self._request = request
        self._decision = decision
        self._race = race
        self._surroundings = surroundings
        self._runs: list[AttemptRun] = []
        self._unread: AttemptRun | None = None
        """Started, and to be read by the caller's task next."""
        self._reading: AttemptRun | None = None
        """Read by the caller's task now, which is `_reader`."""
        self._reader: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle
        self._is_interrupted = False
        self._defect: BaseException | None = None
        self._wakened: asyncio.Future[None] | None = None

    async def until_commit(self, steps: Sequence[RaceStep]) -> AttemptRun | None:
        """Perform `steps` and what follows; return the attempt that commits.

        `None` where the race has ended without one: it has a result then.
        """
        race = self._race
        self.perform(steps)
        while True:
            self._advance()
            if self.winner is not None:
                return self.winner
            if race.result is not None:
                return None
            run = self._unread
            if run is None:
                await self._wait()
            else:
                self._unread = None
                await self._read(run)

    def perform(self, steps: Sequence[RaceStep]) -> None:
        """Start and cancel attempts as the race decided."""
        for step in steps:
            match step:
                case StartAttempt():
                    self._start(step.attempt)
                case CancelAttempt():
                    self._cancel(step.attempt)
                case _:
                    assert_never(step)

    def observe_end(self, run: AttemptRun) -> None:
        """Tell the observer how an attempt has ended."""
        run.observation.ended(attempt_report(run.attempt, self._decision, self._race))

    async def aclose(self) -> None:
        """Close the winner, and wait until every attempt has ended. Idempotent."""
        if self.winner is not None and self.winner.stream is not None:
            await self.winner.aclose()
        tasks = [run.task for run in self._runs if run.task is not None]
        if tasks:
            await asyncio.wait(tasks)
            for run in self._runs:
                run.forget_task()

    def _advance(self) -> None:
        """Tell the race which attempts have failed or committed, and perform what it decides.

        Raises:
            CancelledError: an attempt was cancelled from outside: the router is being closed.
        """
        race = self._race
        clock = self._surroundings.clock
        while self.winner is None and race.result is None:
            for run in self._runs:
                if run.is_ready:
                    break
            else:
                return
            if run.failure is not None:
                steps = race.failed(run.attempt, run.failure, clock())
                self.observe_end(run)
                self.perform(steps)
            elif run.has_committed:
                self.winner = run
                self.perform(race.committed(run.attempt, clock()))
            else:
                raise asyncio.CancelledError("the router is being closed")

    def _start(self, attempt: Attempt) -> None:
        around = self._surroundings
        request = self._request
        plan = self._decision.plan
        deployment = attempt.deployment
        observation = around.observer.attempt_started(
            request=request,
            deployment=deployment,
            number=attempt.number,
            reason=attempt.reason,
        )
        prefill = ""
        if self.prefill and Capability.PREFILL in deployment.capabilities and attempt.may_continue:
            prefill = self.prefill
            attempt.continues = True
        prompt, attempt.left_out = prompt_for(
            with_prefill(request.prompt, prefill) if prefill else request.prompt,
            maker=deployment.maker,
            plain_thoughts=deployment.plain_thoughts,
        )
        call = AttemptCall(
            deployment=deployment,
            prompt=prompt,
            streaming=plan.reads_as_stream(deployment),
            connect_timeout=plan.timeouts.connect,
            timeout=BACKSTOP + min(plan.timeouts.attempt, self._race.deadline - attempt.started_at),
            headers=observation.headers,
            zero_data_retention=plan.zero_data_retention,
            no_training=plan.no_training,
        )
        run = AttemptRun(
            attempt=attempt,
            race=self._race,
            observation=observation,
            call=call,
            clock=around.clock,
            commits_at_content=request.streaming,
            prefill=prefill,
            max_answer_bytes=around.max_answer_bytes,
        )
        self._runs.append(run)
        if self._reading is None and self._unread is None:
            self._unread = run
        else:
            run.task = around.scope.start(
                run.drive(around.gateway), name=self._decision.decision_id, on_end=self._run_ended
            )

    def _cancel(self, attempt: Attempt) -> None:
        """Cancel an attempt whose outcome the race has settled."""
        run = self._runs[attempt.number - 1]
        if run is self._unread:
            self._unread = None
        elif run is self._reading:
            self._interrupt()
        elif run.task is not None and not run.task.cancel() and run is not self.winner:
            # It had committed as well, at the same moment.
            name = f"close {self._decision.decision_id}"
            self._surroundings.scope.start(run.aclose(), name=name)
        self.observe_end(run)

    async def _read(self, run: AttemptRun) -> None:
        """Read an attempt in the task of the caller until it commits, fails or is interrupted."""
        scope = self._surroundings.scope
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call is made by a task")
        cancelling = task.cancelling()
        self._reading, self._reader = run, task
        self._is_interrupted = False
        self._timer = asyncio.get_running_loop().call_at(self._race.wake_at, self._go_on)
        scope.enter(task)
        try:
            await run.drive(self._surroundings.gateway)
            if self._is_interrupted:
                task.uncancel()
        except asyncio.CancelledError:
            if not self._is_interrupted or task.uncancel() > cancelling:
                raise
        finally:
            scope.leave(task)
            self._reading = self._reader = None
            self._timer.cancel()
            # A cancelled task holds its error, whose traceback would hold the task.
            del task
        if self._defect is not None:
            raise self._defect

    def _go_on(self) -> None:
        """Let the race go on while the task of the caller reads; called by the loop."""
        race = self._race
        try:
            self.perform(race.woke(self._surroundings.clock()))
            self._advance()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the caller's task raises it
            self._defect = error
            self._interrupt()
        if not self._is_interrupted:
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_at(race.wake_at, self._go_on)

    def _interrupt(self) -> None:
        """Let the task of the caller stop reading."""
        if self._reader is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._reader.cancel()

    async def _wait(self) -> None:
        """Wait until an attempt's task has ended, a place is free or something is due."""
        race = self._race
        loop = asyncio.get_running_loop()
        self._wakened = loop.create_future()
        race.on_place = self._wake
        timer = loop.call_at(race.wake_at, self._wake)
        try:
            await self._wakened
        finally:
            timer.cancel()
            race.on_place = None
            self._wakened = None
        self.perform(race.woke(self._surroundings.clock()))

    def _wake(self) -> None:
        if self._wakened is not None and not self._wakened.done():
            self._wakened.set_result(None)

    def _run_ended(self) -> None:
        """React to the end of an attempt that had a task."""
        if self._reading is None:
            self._wake()
        elif not self._is_interrupted:
            self._go_on()
