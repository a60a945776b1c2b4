"""Deployments that do what a script says, and write down what was done to them."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.conversation.answers import (
    AnswerEvent,
    Finished,
    Started,
)
from routersvc.domain.conversation.deltas import (
    TextDelta,
)
from routersvc.domain.conversation.finish_reasons import (
    FinishReason,
)
from routersvc.domain.conversation.usage import (
    Usage,
    UsageCounted,
)
from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
    Failure,
)
from routersvc.engine.ports import AttemptCall


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Nothing for so many seconds."""

    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Emit:
    """These events, together; none for a sign of life without content."""

    events: tuple[AnswerEvent, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Fail:
    """This failure; nothing follows."""

    failure: Failure


@dataclasses.dataclass(frozen=True, slots=True)
class Hang:
    """Nothing, for ever."""


Move = Wait | Emit | Fail | Hang
Script = Sequence[Move]


class Happening(enum.Enum):
    """What was done to a deployment."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


LogLine = tuple[float, str, str]


def answer(*tokens: str, first: float = 0.0, gap: float = 0.0) -> list[Move]:
    """Return the script of a complete answer: `first` seconds to its first token, `gap` between."""
    moves: list[Move] = [Wait(first), Emit((Started(model_version="scripted-1"),))]
    for place, token in enumerate(tokens):
        if place:
            moves.append(Wait(gap))
        moves.append(Emit((TextDelta(text=token),)))
    usage = Usage(input_tokens=10, output_tokens=len(tokens))
    moves.append(Emit((UsageCounted(usage=usage), Finished(reason=FinishReason.STOP))))
    return moves


class ScriptedStream:
    """One answer by script."""

    def __init__(self, name: str, script: Script, log: Callable[[str, Happening], None]) -> None:
        self._name = name
        self._moves = iter(script)
        self._log = log
        self._ended = False
        self._started = False
        self.closed = False

    async def receive(self) -> Sequence[AnswerEvent]:
        """Play the script up to its next events.

        Raises:
            AttemptFailedError: the script says so.
        """
        if not self._started:
            self._started = True
            self._log(self._name, Happening.STARTED)
        for move in self._moves:
            match move:
                case Wait():
                    await asyncio.sleep(move.seconds)
                case Hang():
                    await asyncio.get_running_loop().create_future()
                case Fail():
                    self._end(Happening.FAILED)
                    raise AttemptFailedError(move.failure)
                case Emit():
                    if move.events and isinstance(move.events[-1], Finished):
                        self._end(Happening.FINISHED)
                    return move.events
        raise AssertionError(f"the script of `{self._name}` ended without an end")

    async def aclose(self) -> None:
        """Break the answer off, or give the connection back."""
        self.closed = True
        if self._started and not self._ended:
            self._end(Happening.CANCELLED)

    def _end(self, happening: Happening) -> None:
        self._ended = True
        self._log(self._name, happening)


class ScriptedGateway:
    """The way to scripted deployments.

    `scripts` are by deployment, one script a call; the last one repeats. `checks` say in the same
    way what active checks find: `None` a good answer, and every deployment's where it has none.
    `log` holds lines of instant, deployment and happening; `calls` what was asked; `checked` the
    instants of checks, with the deployment, and `check_timeouts` the seconds that each was given.
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
        """How many streams have been opened and not closed."""
        return sum(not stream.closed for stream in self.streams)

    def open(self, call: AttemptCall) -> ScriptedStream:
        """Take up the next script of the deployment."""
        scripts = self._scripts[call.deployment.name]
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        stream = ScriptedStream(call.deployment.name, script, self._write)
        self.calls.append(call)
        self.streams.append(stream)
        return stream

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Answer a check as the script says.

        Raises:
            AttemptFailedError: the script says so.
        """
        self.check_timeouts.append(connect_timeout)
        self.checked.append((asyncio.get_running_loop().time(), deployment.name))
        answers = self._checks.get(deployment.name, [None])
        failure = answers.pop(0) if len(answers) > 1 else answers[0]
        if failure is not None:
            raise AttemptFailedError(failure)

    def _write(self, name: str, happening: Happening) -> None:
        instant = round(asyncio.get_running_loop().time(), 6)
        self.log.append((instant, name, happening.value))
