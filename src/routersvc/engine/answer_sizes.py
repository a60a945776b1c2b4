"""Limits the size of answers to what the server can send to its caller in one message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure

DEFAULT_MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""The default of `server.max_message_bytes`."""

MOST_BYTES_PER_CHARACTER = 4
"""Of UTF-8."""

_AROUND_EVENT = 32
"""Bytes of a message beside the content of one event."""

_AROUND_LOGPROB = 24
_REPORT_SHARE = 16
"""A sixteenth of a message is left to the report."""


class AnswerSize:
    """Holds one answer against the largest message: the whole of it, or what arrived together.

    `bound` is the most that can have arrived. The exact size is measured where that is too much.
    """

    __slots__ = ("_bound", "_is_whole", "_max_bytes")

    def __init__(self, *, max_bytes: int, is_whole: bool) -> None:
        self._max_bytes = max_bytes - max_bytes // _REPORT_SHARE
        self._is_whole = is_whole
        self._bound = 0

    def add(
        self, bound: int, arrived: Sequence[AnswerEvent], before: Sequence[AnswerEvent]
    ) -> None:
        """Record events that `arrived` after those `before`.

        Raises:
            AttemptFailedError: the answer is too large to be sent.
        """
        if self._is_whole:
            self._bound += bound
        else:
            self._bound = bound
        if self._bound <= self._max_bytes:
            return
        size = bytes_of(arrived)
        if self._is_whole:
            size += bytes_of(before)
        if size > self._max_bytes:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.BAD_ANSWER,
                    message=f"the answer has more than {self._max_bytes} bytes",
                )
            )
        self._bound = size


def bytes_of(events: Iterable[AnswerEvent]) -> int:
    """Return about how many bytes these events take in a message."""
    return sum(map(_bytes_of, events))


def bound_of_logprobs(logprobs: Sequence[TokenLogprob]) -> int:
    """Return about how many bytes log probabilities take."""
    return sum(
        _AROUND_LOGPROB
        + len(token.token_bytes)
        + MOST_BYTES_PER_CHARACTER * len(token.token)
        + sum(
            _AROUND_LOGPROB + len(other.token_bytes) + MOST_BYTES_PER_CHARACTER * len(other.token)
            for other in token.alternatives
        )
        for token in logprobs
    )


def bound_of_citation(citation: Citation) -> int:
    """Return the most characters that a citation takes, numbers included."""
    written = len(citation.url) + len(citation.title) + len(citation.cited_text)
    return _AROUND_EVENT + written + len(citation.source_id)


def bound_of_activity(activity: HostedActivity) -> int:
    """Return the most characters that a hosted activity takes, numbers included."""
    entries = 1 + len(activity.queries) + len(activity.sources)
    return _AROUND_EVENT * entries + activity.size


def _bytes_of(event: AnswerEvent) -> int:
    match event:
        case TextDelta():
            return _encoded(event.text) + bound_of_logprobs(event.logprobs)
        case RefusalDelta():
            return _encoded(event.text)
        case ThoughtDelta():
            return _encoded(event.text) + len(event.signature) + len(event.encrypted)
        case ToolCallDelta():
            named = len(event.call_id) + len(event.name)
            around = _AROUND_EVENT + MOST_BYTES_PER_CHARACTER * named if named else 0
            return _encoded(event.arguments_json) + len(event.signature) + around
        case MediaDelta():
            return _AROUND_EVENT + len(event.data) + len(event.url) + _encoded(event.transcript)
        case CitationDelta():
            return MOST_BYTES_PER_CHARACTER * bound_of_citation(event.citation)
        case HostedDelta():
            return MOST_BYTES_PER_CHARACTER * bound_of_activity(event.activity)
        case _:
            return 0


def _encoded(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
