"""A gateway to deployments that follow scripts, and that logs every attempt."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Pause for `seconds` before the next move."""

    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Emit:
    """Return these events together; an empty tuple is a keep-alive without content."""

    events: tuple[AnswerEvent, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Fail:
    """Fail the attempt; moves after it are not reached. `counted` is the usage that it states."""

    failure: Failure
    counted: UsageCounted | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Hang:
    """Never respond: wait until the attempt is cancelled."""


Move = Wait | Emit | Fail | Hang
Script = Sequence[Move]


class StreamEvent(enum.Enum):
    """A step in the life of a scripted stream, as it stands in the log."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


LogLine = tuple[float, str, str]
"""Time in seconds on the loop's clock, name of the deployment, value of the `StreamEvent`."""


def answer(*tokens: str, first: float = 0.0, gap: float = 0.0) -> list[Move]:
    """Return the script of a complete answer.

    The first token comes after `first` seconds, each other one `gap` seconds after the one before.
    """
    moves: list[Move] = [Wait(first), Emit((Started(model_version="scripted-1"),))]
    for place, token in enumerate(tokens):
        if place:
            moves.append(Wait(gap))
        moves.append(Emit((TextDelta(text=token),)))
    usage = Usage(input_tokens=10, output_tokens=len(tokens))
    moves.append(Emit((UsageCounted(usage=usage), Finished(reason=FinishReason.STOP))))
    return moves


class ScriptedStream:
    """The answer stream of one attempt, which plays a script."""

    def __init__(self, name: str, script: Script, log: Callable[[str, StreamEvent], None]) -> None:
        self._name = name
        self._moves = iter(script)
        self._log = log
        self._ended = False
        self._started = False
        self.closed = False

    async def receive(self) -> Sequence[AnswerEvent]:
        """Play the script up to its next `Emit` and return the events of that.

        Raises:
            AttemptFailedError: the script reached a `Fail`.
            AssertionError: the script ended without `Finished`, `Fail` or `Hang`.
        """
        if not self._started:
            self._started = True
            self._log(self._name, StreamEvent.STARTED)
        for move in self._moves:
            match move:
                case Wait():
                    await asyncio.sleep(move.seconds)
                case Hang():
                    await asyncio.get_running_loop().create_future()
                case Fail():
                    self._end(StreamEvent.FAILED)
                    raise AttemptFailedError(move.failure, counted=move.counted)
                case Emit():
                    if move.events and isinstance(move.events[-1], Finished):
                        self._end(StreamEvent.FINISHED)
                    return move.events
        raise AssertionError(f"script of `{self._name}` ended without `Finished`, `Fail` or `Hang`")

    async def aclose(self) -> None:
        """Close the stream; one that has neither finished nor failed is logged as cancelled."""
        self.closed = True
        if self._started and not self._ended:
            self._end(StreamEvent.CANCELLED)

    def _end(self, event: StreamEvent) -> None:
        self._ended = True
        self._log(self._name, event)


class ScriptedGateway:
    """A gateway whose deployments follow scripts.

    `scripts` holds, by deployment, one script for each call; the last one repeats. `checks` holds,
    by deployment, one result for each health check, `None` for healthy; the last one repeats, and
    a deployment without results is healthy.

    Recorded are `log`, the start and end of every stream; `calls`, every attempt that was opened;
    `streams`, the stream of each; `checked`, the time and deployment of every health check; and
    `check_timeouts`, the connect timeout of each, in seconds.
    """

    def __init__(
        self,
        scripts: Mapping[str, Sequence[Script]],
        *,
        checks: Mapping[str, Sequence[Failure | None]] | None = None,
    ) -> None:
        self._checks = {name: list(of_one) for name, of_one in (checks or {}).items()}
        self.checked: list[tuple[float, str]] = []
        self.check_timeouts: list[float] = []
        self._scripts = {name: list(of_one) for name, of_one in scripts.items()}
        self.log: list[LogLine] = []
        self.calls: list[AttemptCall] = []
        self.streams: list[ScriptedStream] = []

    @property
    def open_streams(self) -> int:
        """The number of streams that were opened and are not closed yet."""
        return sum(not stream.closed for stream in self.streams)

    def open(self, call: AttemptCall) -> ScriptedStream:
        """Open a stream that plays the next script of the deployment."""
        scripts = self._scripts[call.deployment.name]
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        stream = ScriptedStream(call.deployment.name, script, self._write)
        self.calls.append(call)
        self.streams.append(stream)
        return stream

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Return if the next health check of the deployment succeeds.

        Raises:
            AttemptFailedError: `checks` holds a failure for it.
        """
        self.check_timeouts.append(connect_timeout)
        self.checked.append((asyncio.get_running_loop().time(), deployment.name))
        answers = self._checks.get(deployment.name, [None])
        failure = answers.pop(0) if len(answers) > 1 else answers[0]
        if failure is not None:
            raise AttemptFailedError(failure)

    def _write(self, name: str, event: StreamEvent) -> None:
        now = round(asyncio.get_running_loop().time(), 6)
        self.log.append((now, name, event.value))
