"""A gateway that answers at once, so that only the router's own work remains."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.engine.ports import AttemptCall

TOKENS = 48
"""The tokens of an answer; a unary answer has their text in one piece."""

_STARTED = Started(model_version="instant-1")
_TOKEN = (TextDelta(text=" token"),)
_END = (
    UsageCounted(usage=Usage(input_tokens=80, output_tokens=TOKENS)),
    Finished(reason=FinishReason.STOP),
)
_WHOLE: Sequence[AnswerEvent] = (_STARTED, TextDelta(text=" token" * TOKENS), *_END)


class InstantStream:
    """One answer: a token for each `receive`, or all at once for a unary call."""

    def __init__(self, *, streaming: bool, tokens: int) -> None:
        self._streaming = streaming
        self._tokens = tokens
        self._told = 0

    async def receive(self) -> Sequence[AnswerEvent]:
        """Return the next events without waiting."""
        if not self._streaming:
            return _WHOLE
        self._told += 1
        if self._told == 1:
            return (_STARTED, *_TOKEN)
        return _TOKEN if self._told <= self._tokens else _END

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


class InstantGateway:
    """A gateway whose deployments answer at once, with `tokens` tokens in a stream."""

    def __init__(self, tokens: int) -> None:
        self._tokens = tokens

    def open(self, call: AttemptCall) -> InstantStream:
        """Open a stream."""
        return InstantStream(streaming=call.streaming, tokens=self._tokens)

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Return: every deployment is healthy."""
