"""A way to providers that answer at once: what is left of a call is the router's own work."""

from __future__ import annotations

from collections.abc import Sequence

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
from routersvc.engine.ports import AttemptCall

TOKENS = 48
"""Tokens of an answer; whoever does not stream gets their text in one piece, as it is sent."""

_STARTED = Started(model_version="instant-1")
_TOKEN = (TextDelta(text=" token"),)
_END = (
    UsageCounted(usage=Usage(input_tokens=80, output_tokens=TOKENS)),
    Finished(reason=FinishReason.STOP),
)
_WHOLE: Sequence[AnswerEvent] = (_STARTED, TextDelta(text=" token" * TOKENS), *_END)


class InstantStream:
    """One answer: a token each time, or all at once where nobody streams."""

    def __init__(self, *, streaming: bool, tokens: int) -> None:
        self._streaming = streaming
        self._tokens = tokens
        self._told = 0

    async def receive(self) -> Sequence[AnswerEvent]:
        """Return what comes next, without waiting."""
        if not self._streaming:
            return _WHOLE
        self._told += 1
        if self._told == 1:
            return (_STARTED, *_TOKEN)
        return _TOKEN if self._told <= self._tokens else _END

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


class InstantGateway:
    """The way to deployments that answer at once, with so many tokens in a stream."""

    def __init__(self, tokens: int) -> None:
        self._tokens = tokens

    def open(self, call: AttemptCall) -> InstantStream:
        """Prepare an answer."""
        return InstantStream(streaming=call.streaming, tokens=self._tokens)

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Find every deployment well."""
