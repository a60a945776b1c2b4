"""One running attempt: reads from its provider until it commits, and reports to its race."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.races import Race
from routersvc.engine.answer_sizes import (
    DEFAULT_MAX_ANSWER_BYTES,
    MOST_BYTES_PER_CHARACTER,
    AnswerSize,
    bound_of_activity,
    bound_of_citation,
    bound_of_logprobs,
)
from routersvc.engine.ports import AnswerStream, AttemptCall, AttemptObservation, Gateway

logger = logging.getLogger(__name__)

_CHARACTERS_PER_TOKEN = 16
"""Four times those of English prose: no honest answer within its limit is cut."""

_CHARACTERS_MORE = 256
"""Characters that even the smallest limit allows."""


class AttemptRun:
    """One running attempt.

    `held` are the events read before the commit, `prefill` is the text that it continues.
    `commits_at_content` is true for a stream, which commits at its first content, and false for a
    whole answer. `task` is the one that reads, where it is not the caller's own. When `drive` has
    ended, exactly one of these is true: `failure` is set, or `has_committed` and the stream is
    open, or reading was cancelled.
    """

    __slots__ = (
        "_call",
        "_clock",
        "_has_ended",
        "_race",
        "_size",
        "attempt",
        "commits_at_content",
        "failure",
        "has_committed",
        "held",
        "observation",
        "prefill",
        "stream",
        "task",
    )

    def __init__(
        self,
        *,
        attempt: Attempt,
        race: Race,
        observation: AttemptObservation,
        call: AttemptCall,
        clock: Callable[[], float],
        commits_at_content: bool,
        prefill: str = "",
        max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
    ) -> None:
        self.attempt = attempt
        self.commits_at_content = commits_at_content
        self.prefill = prefill
        self.observation = observation
        self.stream: AnswerStream | None = None
        self.held: list[AnswerEvent] = []
        self.failure: Failure | None = None
        self.has_committed = False
        self.task: asyncio.Task[None] | None = None
        self._call = call
        self._race = race
        self._clock = clock
        self._has_ended = False
        self._size = AnswerSize(max_bytes=max_answer_bytes, is_whole=not commits_at_content)

    @property
    def is_ready(self) -> bool:
        """Whether the attempt has committed or failed, which the race does not know yet."""
        if not self.attempt.running:
            return False
        return self._has_ended or (self.task is not None and self.task.done())

    async def aclose(self) -> None:
        """Close the stream, if it is open. Idempotent."""
        if self.stream is not None:
            await self.stream.aclose()
            self.stream = None

    def forget_task(self) -> None:
        """Drop the ended task: the traceback of a cancelled one refers to this run."""
        self.task = None

    async def drive(self, gateway: Gateway) -> None:
        """Read until the attempt commits or fails; the stream stays open only where it commits."""
        try:
            stream = self.stream = gateway.open(self._call)
            while not self.has_committed:
                events = await stream.receive()
                has_content = self.record(events)
                events = self.ended_by_limit(events)
                self.held.extend(events)
                finished = bool(events) and isinstance(events[-1], Finished)
                self.has_committed = finished or (has_content and self.commits_at_content)
        except AttemptFailedError as error:
            self.failure = self.noted(error)
        except Exception as error:  # noqa: BLE001 - a defect of an adapter fails its attempt only
            self.failure = unreadable(error)
        finally:
            if not self.has_committed:
                await self.aclose()
            self._has_ended = True

    def record(self, events: Sequence[AnswerEvent]) -> bool:
        """Record what race and report need of the events; return whether there was content.

        Raises:
            AttemptFailedError: the answer is larger than the server can send.
        """
        attempt = self.attempt
        contents = characters = more_bytes = 0
        for event in events:
            match event:
                case TextDelta():
                    contents += event.pieces
                    characters += len(event.text)
                    if event.logprobs:
                        more_bytes += bound_of_logprobs(event.logprobs)
                case UsageCounted():
                    attempt.count(event)
                case Started() | Finished():
                    self._note(event)
                case ToolCallDelta():
                    contents += 1
                    characters += len(event.arguments_json)
                    more_bytes += len(event.signature) + len(event.call_id) + len(event.name)
                case MediaDelta():
                    contents += 1
                    more_bytes += len(event.data) + len(event.transcript) + len(event.url)
                case ThoughtDelta():
                    contents += 1
                    characters += len(event.text)
                    more_bytes += len(event.signature) + len(event.encrypted)
                case CitationDelta():
                    more_bytes += bound_of_citation(event.citation)
                case HostedDelta():
                    contents += 1
                    more_bytes += bound_of_activity(event.activity)
                case RefusalDelta():
                    contents += 1
                    characters += len(event.text)
        if contents or more_bytes:
            self._size.add(MOST_BYTES_PER_CHARACTER * (characters + more_bytes), events, self.held)
        if contents:
            self._race.content_arrived(
                attempt, self._clock(), contents=contents, characters=characters
            )
        return contents > 0

    def _note(self, event: Started | Finished) -> None:
        """Record what the provider says beside the answer."""
        attempt = self.attempt
        attempt.model_version = event.model_version or attempt.model_version
        attempt.response_id = event.response_id or attempt.response_id
        if isinstance(event, Started):
            attempt.left_out += event.left_out
            if event.headroom is not None:
                self._race.headroom_reported(attempt, event.headroom, self._clock())

    def noted(self, error: AttemptFailedError) -> Failure:
        """Return the failure, after recording the usage that came with it."""
        if error.counted is not None:
            self.attempt.count(error.counted)
        return error.failure

    def ended_by_limit(self, events: Sequence[AnswerEvent]) -> Sequence[AnswerEvent]:
        """Return the events, and an end where the answer is far longer than the request allows.

        The provider has ignored `max_output_tokens`, or repeats itself for ever.
        """
        limit = self._race.plan.max_output_tokens
        if limit is None or not events or isinstance(events[-1], Finished):
            return events
        if self.attempt.received_characters <= _CHARACTERS_PER_TOKEN * limit + _CHARACTERS_MORE:
            return events
        attempt = self.attempt
        return (
            *events,
            Finished(
                reason=FinishReason.LENGTH,
                model_version=attempt.model_version,
                response_id=attempt.response_id,
            ),
        )


def unreadable(error: Exception) -> Failure:
    """Return the failure that an unexpected exception of an adapter becomes, and log it."""
    logger.error("a provider adapter raised an unexpected exception", exc_info=error)
    return Failure(
        failure_class=FailureClass.SERVER_ERROR, message="the provider's answer could not be read"
    )
