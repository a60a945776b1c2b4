"""The text of an answer on its way to the caller, held against the format that was promised."""

from __future__ import annotations

import contextlib

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import TextDelta, ThoughtDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.prefills import begun_text
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.reading.json_promises.promised_json import PromisedJson
from routersvc.providers.reading.soundness import require_format


class AnswerText:
    """Appends text as it arrives. Where JSON was promised, thoughts before it become thoughts.

    `characters` is the length of what was appended: citations count from the answer's first one.
    `phase` is that of what is appended next.
    """

    __slots__ = (
        "_begun",
        "_format",
        "_hides_thoughts",
        "_kept",
        "_logprobs",
        "_promised",
        "characters",
        "has_text",
        "has_thoughts",
        "phase",
    )

    def __init__(self, prompt: Prompt, *, keeps: bool = False) -> None:
        """`keeps`: what was appended is kept, for `whole`."""
        self.characters = 0
        self.has_text = False
        self.has_thoughts = False
        self.phase = ""
        self._format = prompt.response_format
        begun = "" if prompt.response_format is None else begun_text(prompt)
        self._promised = (
            None if prompt.response_format is None else PromisedJson(continues=bool(begun))
        )
        self._begun = begun
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._logprobs: list[TokenLogprob] = []
        self._kept: list[str] | None = [] if keeps else None

    @property
    def whole(self) -> str:
        """All that was appended, where it is kept."""
        return "".join(self._kept or ())

    def add(
        self,
        text: str,
        events: list[AnswerEvent],
        logprobs: tuple[TokenLogprob, ...] = (),
        *,
        pieces: int = 1,
    ) -> None:
        """Append a piece of the text, or `pieces` joined; and log probabilities of its tokens."""
        if self._promised is not None:
            if text:
                self._write(self._promised.feed(text), events, logprobs, pieces)
            else:
                self._logprobs.extend(logprobs)
        elif text or logprobs:
            self._append(text, logprobs, events, pieces)

    def end(self, events: list[AnswerEvent]) -> None:
        """Append what was held back, at the end of the answer."""
        if self._promised is not None:
            self._write(self._promised.end(), events, ())
            if self._logprobs:
                events.append(TextDelta(text="", logprobs=tuple(self._logprobs)))
                self._logprobs.clear()

    def require_format(self, reason: FinishReason) -> None:
        """Refuse a complete text that is not in the promised format.

        Raises:
            AttemptFailedError: it is not.
        """
        if reason is FinishReason.STOP and self._promised is not None and self._format is not None:
            text = self._promised.json
            if self._begun:
                # A model may also begin anew.
                with contextlib.suppress(AttemptFailedError):
                    require_format(self._begun + text, self._format)
                    return
            require_format(text, self._format)

    def _write(
        self,
        split: tuple[str, str],
        events: list[AnswerEvent],
        logprobs: tuple[TokenLogprob, ...],
        pieces: int = 1,
    ) -> None:
        thought, text = split
        if thought.strip():
            self.has_thoughts = True
            if not self._hides_thoughts:
                events.append(ThoughtDelta(text=thought))
        self._logprobs.extend(logprobs)
        if text:
            self._append(text, tuple(self._logprobs), events, pieces)
            self._logprobs.clear()

    def _append(
        self,
        text: str,
        logprobs: tuple[TokenLogprob, ...],
        events: list[AnswerEvent],
        pieces: int = 1,
    ) -> None:
        self.has_text = self.has_text or bool(text)
        self.characters += len(text)
        if self._kept is not None:
            self._kept.append(text)
        events.append(TextDelta(text=text, logprobs=logprobs, pieces=pieces, phase=self.phase))
