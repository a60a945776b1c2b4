"""One running request: performs what its race decides, and passes the answer to the caller.

Unary and streaming calls share the code. An attempt reads from its provider in a task of its own
until it commits: at the first content of a stream, at the complete answer of a unary call. From
then on the caller's own task reads the winner: a streamed token passes no queue and wakes no other
task.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, assert_never

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.prefills import with_prefill
from routersvc.domain.conversation.proofs import prompt_for
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.errors import CallFailedError
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.domain.outcomes.race_results import RaceDeadlinePassed, RaceResult
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.hedges import HedgeDecision
from routersvc.domain.racing.race_attempts import CancelAttempt, RaceStep, StartAttempt
from routersvc.domain.racing.races import Race
from routersvc.engine.answer_sizes import DEFAULT_MAX_ANSWER_BYTES
from routersvc.engine.attempt_runs import AttemptRun, unreadable
from routersvc.engine.call_errors import call_error
from routersvc.engine.call_events import (
    CallEvent,
    Completion,
    Recovered,
    RecoveryKind,
    RouteSelected,
)
from routersvc.engine.ports import AttemptCall, Gateway, Observer
from routersvc.engine.reporting import Decision, attempt_report, route_report
from routersvc.engine.resumable_texts import ResumableText, shifted_citations
from routersvc.engine.tasks import TaskScope
from routersvc.engine.watchdogs import Watchdog

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


class Call:
    """One running request; an async context manager that leaves nothing running.

    Used by one task at a time. Not reusable.
    """

    def __init__(
        self,
        *,
        request: Request,
        decision: Decision,
        race: Race,
        surroundings: Surroundings,
        ended: Callable[[RouteReport], None],
    ) -> None:
        self.request = request
        self.decision_id = decision.decision_id
        self._decision = decision
        self._race = race
        self._surroundings = surroundings
        self._on_end = ended
        self._runs: list[AttemptRun] = []
        self._winner: AttemptRun | None = None
        self._wakened: asyncio.Future[None] | None = None
        self._watchdog: Watchdog | None = None
        self._first_content_at: float | None = None
        self._ended_at: float | None = None
        self._final_report: RouteReport | None = None
        self._recovered = False
        self._text_so_far = ResumableText() if decision.plan.resumes else None
        self._prefill = ""
        self._closed = False

    @property
    def hedging(self) -> HedgeDecision | None:
        """What was decided on a hedge when the first attempt started; `None` before that."""
        return self._race.first_hedging

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose(exception)

    async def receive(self) -> Sequence[CallEvent]:
        """Wait for the next events and return those that arrived together.

        The first is `RouteSelected`, the last of a complete answer is `Finished`: do not call it
        again after that.

        Raises:
            CallFailedError: the call failed; nothing more will come.
        """
        if self._winner is None:
            winner = await self._until_commit(self._race.begin(self._surroundings.clock()))
            selected = RouteSelected(report=self.report())
            return (selected, *await self._deliver(winner, winner.held))
        self._race.awaited(self._winner.attempt, self._surroundings.clock())
        while True:
            try:
                events = await self._read(self._winner)
                self._winner.record(events)
            except AttemptFailedError as error:
                return await self._recover(self._winner, self._winner.noted(error))
            events = self._winner.ended_by_limit(events)
            delivered = await self._deliver(self._winner, events)
            if delivered:
                return delivered

    async def complete(self) -> Completion:
        """Wait for the whole answer of a unary call and return it.

        Raises:
            CallFailedError: the call failed.
        """
        winner = await self._until_commit(self._race.begin(self._surroundings.clock()))
        await self._deliver(winner, winner.held)
        answer = collect(winner.held)
        return Completion(
            parts=answer.parts,
            finish=answer.finish,
            usage=winner.attempt.usage(self._decision.profile),
            logprobs=answer.logprobs,
            report=self.report(),
        )

    def report(self) -> RouteReport:
        """Return the report of the request so far; it is final once the call has ended."""
        if self._final_report is not None:
            return self._final_report
        report = route_report(
            self._decision,
            self._race,
            served=None if self._winner is None else self._winner.attempt,
            recovered=self._recovered,
            first_content_at=self._first_content_at,
            ended_at=self._ended_at,
        )
        if self._ended_at is not None:
            self._final_report = report
        return report

    async def aclose(self, error: BaseException | None = None) -> None:
        """End the call at once: cancel what still runs and wait for it. Idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._ended_at is None:
                self._perform(self._race.abandoned(self._surroundings.clock()))
                self._end(error or asyncio.CancelledError())
            if self._watchdog is not None:
                self._watchdog.close()
            if self._winner is not None and self._winner.stream is not None:
                await self._winner.stream.aclose()
            unsettled = [run.task for run in self._runs if run.task and not run.task.done()]
            if unsettled:
                await asyncio.wait(unsettled)
            for run in self._runs:
                run.forget_task()
        finally:
            self._on_end(self.report())

    async def _until_commit(self, steps: Sequence[RaceStep]) -> AttemptRun:
        """Perform the race until an attempt commits, and return it."""
        race = self._race
        clock = self._surroundings.clock
        self._perform(steps)
        while race.result is None:
            run = next((run for run in self._runs if run.is_ready), None)
            if run is None:
                await self._wait_until(race.wake_at)
                self._perform(race.woke(clock()))
            elif run.task is None or run.task.cancelled():
                raise asyncio.CancelledError("the router is being closed")
            elif run.failure is not None:
                steps = race.failed(run.attempt, run.failure, clock())
                self._observe_end(run)
                self._perform(steps)
            else:
                self._perform(race.committed(run.attempt, clock()))
                self._winner = run
                if self._first_content_at is None:
                    self._first_content_at = run.attempt.first_content_at
                return run
        raise self._fail(race.result)

    async def _recover(self, broken: AttemptRun, failure: Failure) -> Sequence[CallEvent]:
        """Recover from a broken answer: another attempt takes over, or the call fails."""
        if broken.stream is not None:
            await broken.stream.aclose()
        if self._watchdog is not None:
            # The next winner has timeouts of its own, which may come before these.
            self._watchdog.close()
        self._prefill = "" if self._text_so_far is None else self._text_so_far.prefill()
        steps = self._race.broke(failure, self._surroundings.clock())
        self._observe_end(broken)
        if self._race.result is not None:
            raise self._fail(self._race.result)
        self._winner = None
        winner = await self._until_commit(steps)
        self._recovered = True
        if self._text_so_far is not None:
            self._text_so_far = ResumableText(winner.prefill)
        recovered = Recovered(
            kind=RecoveryKind.RESUMED if winner.prefill else RecoveryKind.RESTARTED,
            kept_characters=len(winner.prefill),
            report=self.report(),
        )
        return (recovered, *await self._deliver(winner, winner.held))

    async def _read(self, run: AttemptRun) -> Sequence[AnswerEvent]:
        """Wait for the winner's next events, no longer than its timeouts and the deadline allow.

        Raises:
            AttemptFailedError: the answer broke.
            DeadlineExceededError: the time is up.
        """
        if run.stream is None:
            raise AssertionError("a committed attempt has a stream")
        if self._watchdog is None:
            self._watchdog = Watchdog()
        race = self._race
        try:
            return await self._watchdog.within(run.stream.receive(), self._winner_due_at)
        except TimeoutError:
            if self._winner_due_at() < race.deadline:
                raise AttemptFailedError(race.timeout_failure(run.attempt)) from None
            self._perform(race.woke(race.deadline))
            raise self._fail(RaceDeadlinePassed()) from None
        except AttemptFailedError:
            raise
        except Exception as error:
            raise AttemptFailedError(unreadable(error)) from error

    def _winner_due_at(self) -> float:
        """Return the instant at which the winner times out, at the latest the deadline."""
        race = self._race
        if self._winner is None:
            return race.deadline
        return min(race.due_at(self._winner.attempt), race.deadline)

    async def _deliver(self, run: AttemptRun, events: Sequence[AnswerEvent]) -> Sequence[CallEvent]:
        """Return the events that the caller sees; the last one ends the call."""
        delivered: list[CallEvent] = [event for event in events if not isinstance(event, Started)]
        if run.attempt.has_doubtful_count:
            usage = run.attempt.usage(self._decision.profile)
            delivered = [
                UsageCounted(usage=usage) if isinstance(event, UsageCounted) else event
                for event in delivered
            ]
        if run.prefill:
            delivered = shifted_citations(delivered, len(run.prefill))
        if self._text_so_far is not None:
            self._text_so_far.add(delivered)
        if delivered and isinstance(delivered[-1], Finished):
            self._race.finished(self._surroundings.clock())
            self._observe_end(run)
            if run.stream is not None:
                await run.stream.aclose()
            self._end(None)
        return delivered

    def _perform(self, steps: Sequence[RaceStep]) -> None:
        for step in steps:
            match step:
                case StartAttempt():
                    self._start(step.attempt)
                case CancelAttempt():
                    self._cancel(step.attempt)
                case _:
                    assert_never(step)

    def _start(self, attempt: Attempt) -> None:
        around = self._surroundings
        request = self.request
        plan = self._decision.plan
        observation = around.observer.attempt_started(
            request=request,
            deployment=attempt.deployment,
            number=attempt.number,
            reason=attempt.reason,
        )
        can_continue = Capability.PREFILL in attempt.deployment.capabilities
        prefill = self._prefill if can_continue and attempt.may_continue else ""
        attempt.continues = bool(prefill)
        prompt, attempt.left_out = prompt_for(
            with_prefill(request.prompt, prefill) if prefill else request.prompt,
            maker=attempt.deployment.maker,
            plain_thoughts=attempt.deployment.plain_thoughts,
        )
        call = AttemptCall(
            deployment=attempt.deployment,
            prompt=prompt,
            streaming=plan.reads_as_stream(attempt.deployment),
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
            clock=around.clock,
            commits_at_content=request.streaming,
            prefill=prefill,
            max_answer_bytes=around.max_answer_bytes,
        )
        self._runs.append(run)
        run.task = around.scope.start(
            run.drive(around.gateway, call), name=self.decision_id, on_end=self._wake
        )

    def _cancel(self, attempt: Attempt) -> None:
        """Cancel an attempt whose outcome the race has settled."""
        run = self._runs[attempt.number - 1]
        running = run.task is not None and run.task.cancel()
        if not running and run is not self._winner and run.stream is not None:
            self._surroundings.scope.start(run.stream.aclose(), name=f"close {self.decision_id}")
        self._observe_end(run)

    def _observe_end(self, run: AttemptRun) -> None:
        run.observation.ended(attempt_report(run.attempt, self._decision, self._race))

    def _fail(self, result: RaceResult) -> CallFailedError:
        """End the call and return the error that the result of the race becomes."""
        self._ended_at = self._surroundings.clock()
        error = call_error(result, self.report())
        self._end(error)
        return error

    def _end(self, error: BaseException | None) -> None:
        """Report the end of the call to the observer."""
        if self._ended_at is None:
            self._ended_at = self._surroundings.clock()
        self._surroundings.observer.call_ended(
            request=self.request, report=self.report(), error=error
        )

    async def _wait_until(self, instant: float) -> None:
        """Wait until an attempt's task ends or the instant comes."""
        loop = asyncio.get_running_loop()
        self._wakened = loop.create_future()
        self._race.on_place = self._wake
        timer = loop.call_at(instant, self._wake)
        try:
            await self._wakened
        finally:
            timer.cancel()
            self._race.on_place = None
            self._wakened = None

    def _wake(self) -> None:
        if self._wakened is not None and not self._wakened.done():
            self._wakened.set_result(None)
