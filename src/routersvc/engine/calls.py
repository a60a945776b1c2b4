"""One running request: performs what its race decides, and passes the answer to the caller.

Unary and streaming calls share the code. An attempt commits at the first content of a stream, at
the complete answer of a unary call. From then on the caller's own task reads the winner: a streamed
token passes no queue and wakes no other task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.errors import CallFailedError
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.racing.hedges import HedgeDecision
from routersvc.domain.racing.race_attempts import RaceStep
from routersvc.domain.racing.races import Race
from routersvc.engine.attempt_runs import AttemptRun, unreadable
from routersvc.engine.call_errors import call_error
from routersvc.engine.call_events import (
    CallEvent,
    Completion,
    Recovered,
    RecoveryKind,
    RouteSelected,
)
from routersvc.engine.reporting import Decision, route_report
from routersvc.engine.resumable_texts import ResumableText, shifted_citations
from routersvc.engine.running_races import RunningRace, Surroundings
from routersvc.engine.watchdogs import Watchdog


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
        ended: Callable[[RouteReport, BaseException | None], None],
    ) -> None:
        self.request = request
        self.decision_id = decision.decision_id
        self._decision = decision
        self._race = race
        self._surroundings = surroundings
        self._on_end = ended
        self._running = RunningRace(
            request=request, decision=decision, race=race, surroundings=surroundings
        )
        self._winner: AttemptRun | None = None
        self._watchdog: Watchdog | None = None
        self._first_content_at: float | None = None
        self._ended_at: float | None = None
        self._final_report: RouteReport | None = None
        self._recovered = False
        self._text_so_far = ResumableText() if decision.plan.resumes else None
        self._closed = False
        self._error: BaseException | None = None

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
                self._running.perform(self._race.abandoned(self._surroundings.clock()))
                self._end(error or asyncio.CancelledError())
            if self._watchdog is not None:
                self._watchdog.close()
            await self._running.aclose()
        finally:
            self._on_end(self.report(), self._error)
            self._error = None

    async def _until_commit(self, steps: Sequence[RaceStep]) -> AttemptRun:
        """Perform the race until an attempt commits, and return it.

        Raises:
            CallFailedError: none does.
        """
        winner = await self._running.until_commit(steps)
        if winner is None:
            raise self._fail()
        self._winner = winner
        if self._first_content_at is None:
            self._first_content_at = winner.attempt.first_content_at
        return winner

    async def _recover(self, broken: AttemptRun, failure: Failure) -> Sequence[CallEvent]:
        """Recover from a broken answer: another attempt takes over, or the call fails."""
        await broken.aclose()
        if self._watchdog is not None:
            # The next winner has timeouts of its own, which may come before these.
            self._watchdog.close()
        running = self._running
        running.prefill = "" if self._text_so_far is None else self._text_so_far.prefill()
        running.winner = None
        steps = self._race.broke(failure, self._surroundings.clock())
        running.observe_end(broken)
        if self._race.result is not None:
            raise self._fail()
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
            self._running.perform(race.woke(race.deadline))
            raise self._fail() from None
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
            self._running.observe_end(run)
            await run.aclose()
            self._end(None)
        return delivered

    def _fail(self) -> CallFailedError:
        """End the call and return the error that the result of the race becomes."""
        result = self._race.result
        if result is None:
            raise AssertionError("only a race that has ended fails its call")
        self._ended_at = self._surroundings.clock()
        error = call_error(result, self.report())
        self._end(error)
        return error

    def _end(self, error: BaseException | None) -> None:
        """Report the end of the call to the observer."""
        if self._ended_at is None:
            self._ended_at = self._surroundings.clock()
        self._error = error
        self._surroundings.observer.call_ended(
            request=self.request, report=self.report(), error=error
        )
