"""Takes promised JSON out of what models put around it: a code fence, and thoughts before it.

Only what stands before the first character of the JSON and after its last one is taken away. Text
that begins like neither is held until it is known to be a thought or the answer ends: an answer
that is not JSON then fails before anything of it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import (
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.wire_format import AnswerDecoder

_FENCE = "```"
_THOUGHT_BEGINS = "<think>"
_THOUGHT_ENDS = "</think>"
_MAX_SCANS = 4_096
_MAX_HELD = 200_000
_MAX_THOUGHTS = 8
"""What is held is searched at each piece: so many pieces, characters and thoughts, then no more."""


def unwrapped(text: str) -> str:
    """Return the JSON in a complete text, or the text where nothing is around it."""
    unwrapper = _Unwrapper()
    unwrapper.add(text)
    return unwrapper.take() + unwrapper.end()


class PromisedJsonDecoder:
    """An `AnswerDecoder` whose text is the JSON alone; `hides_thoughts` leaves out thoughts."""

    def __init__(self, inner: AnswerDecoder, *, hides_thoughts: bool) -> None:
        self._inner = inner
        self._hides_thoughts = hides_thoughts
        self._unwrapper = _Unwrapper()
        self._logprobs: tuple[TokenLogprob, ...] = ()

    @property
    def failure(self) -> Failure | None:
        """The failure that stopped reading, if any."""
        return self._inner.failure

    @property
    def may_end(self) -> bool:
        """Whether the answer is complete although its end has not come."""
        return self._inner.may_end

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes."""
        return self._unwrap(self._inner.feed(data))

    def end(self) -> list[AnswerEvent]:
        """Return the last events.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        return self._unwrap(self._inner.end())

    def _unwrap(self, events: Sequence[AnswerEvent]) -> list[AnswerEvent]:
        unwrapper = self._unwrapper
        passed: list[AnswerEvent] = []
        for event in events:
            match event:
                case TextDelta():
                    self._logprobs += event.logprobs
                    unwrapper.add(event.text)
                    self._pass_on(unwrapper.take(), passed)
                case Finished() | ToolCallDelta() | RefusalDelta() | MediaDelta():
                    self._pass_on(unwrapper.end(), passed)
                    passed.append(event)
                case _:
                    passed.append(event)
        return passed

    def _pass_on(self, text: str, events: list[AnswerEvent]) -> None:
        thought = self._unwrapper.take_thought()
        if thought and not self._hides_thoughts:
            events.append(ThoughtDelta(text=thought))
        if text or (self._logprobs and self._unwrapper.has_begun):
            events.append(TextDelta(text=text, logprobs=self._logprobs))
            self._logprobs = ()


class _Unwrapper:
    """The text of one answer, as it arrives."""

    def __init__(self) -> None:
        self.has_begun = False
        self._held: list[str] = []
        self._is_fenced = False
        self._thought = ""
        self._scans = 0

    def add(self, text: str) -> None:
        self._held.append(text)

    def take(self) -> str:
        """Return the JSON that has come, as far as it is certain to be JSON."""
        if not self.has_begun:
            self._begin()
        if not self.has_begun:
            return ""
        text = "".join(self._held)
        if not self._is_fenced:
            self._held.clear()
            return text
        sure = len(text.rstrip().rstrip("`").rstrip())
        if len(text) - sure > _MAX_HELD:
            sure = len(text)
        self._held = [text[sure:]]
        return text[:sure]

    def take_thought(self) -> str:
        """Return the thought that stood before the JSON, once."""
        thought, self._thought = self._thought, ""
        return thought

    def end(self) -> str:
        """Return the rest: all of a text that never became JSON, and not the end of a fence."""
        rest = "".join(self._held)
        self._held.clear()
        return "" if self._is_fenced and rest.strip() == _FENCE else rest

    def _begin(self) -> None:
        """Take away what stands before the JSON; hold all of it until that is certain."""
        self._scans += 1
        for _ in range(_MAX_THOUGHTS):
            text = "".join(self._held)
            start = text.lstrip()
            too_long = self._scans > _MAX_SCANS or len(text) > _MAX_HELD
            if start.startswith(("{", "[")) or too_long:
                self.has_begun = True
                return
            if start.startswith(_FENCE):
                line, mark, rest = start.partition("\n")
                if mark and line[len(_FENCE) :].strip().lower() in {"", "json"}:
                    self.has_begun = self._is_fenced = True
                    self._held = [rest]
                return
            if _THOUGHT_ENDS not in start or start.startswith('"'):
                return
            thought, _, rest = start.partition(_THOUGHT_ENDS)
            self._thought += thought.removeprefix(_THOUGHT_BEGINS).strip()
            self._held = [rest]
