"""The state that formats share while they read an answer: text, thoughts, tool calls."""

from __future__ import annotations

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import (
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.providers.reading.json_values import JsonObject, is_json, text_of
from routersvc.providers.reading.soundness import (
    INTERRUPTED,
    require_arguments,
    require_content,
    require_format,
)


class BlockAnswer:
    """The state of one answer while its blocks are read, whole or piece by piece.

    A value of an unexpected type raises `TypeError`: the caller treats the body as malformed.
    Blocks that only the vendor understands are kept, to be sent back unchanged. `characters` is the
    length of the text so far.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._response_format = prompt.response_format
        self._continues = is_continuation(prompt)
        self._text: list[str] = []
        self.characters = 0
        self._calls = 0
        self._arguments_are_json = True
        self._has_content = False

    def read_text(
        self, value: object, events: list[AnswerEvent], *, logprobs: tuple[TokenLogprob, ...] = ()
    ) -> None:
        """Append text, and the log probabilities of its tokens where they came with it."""
        text = text_of(value)
        if text:
            self._has_content = True
            self.characters += len(text)
            if self._response_format is not None:
                self._text.append(text)
        if text or logprobs:
            events.append(TextDelta(text=text, logprobs=logprobs))

    def add_content(self, content: RefusalDelta | MediaDelta, events: list[AnswerEvent]) -> None:
        """Append content of another kind."""
        self._has_content = True
        events.append(content)

    def think(self, value: object, events: list[AnswerEvent]) -> None:
        """Append a piece of a thought."""
        text = text_of(value)
        if text:
            self._add_thought(ThoughtDelta(text=text), events)

    def sign(self, value: object, events: list[AnswerEvent]) -> None:
        """End a thought with its signature."""
        signature = text_of(value)
        if signature:
            self._add_thought(ThoughtDelta(signature=signature.encode()), events)

    def redact(self, data: bytes, events: list[AnswerEvent]) -> None:
        """Append a redacted thought."""
        if data:
            self._add_thought(ThoughtDelta(encrypted=data), events)

    def keep(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append a block that only the vendor understands, as JSON."""
        self._add_thought(ThoughtDelta(encrypted=orjson.dumps(block)), events)

    def begin_call(
        self, call_id: object, name: object, events: list[AnswerEvent], *, signature: bytes = b""
    ) -> int:
        """Append the beginning of a tool call and return its number."""
        index = self._calls
        self.add_call(
            ToolCallDelta(
                index=index, call_id=text_of(call_id), name=text_of(name), signature=signature
            ),
            events,
        )
        return index

    def add_call(self, call: ToolCallDelta, events: list[AnswerEvent]) -> None:
        """Append the first piece of another tool call, which may be all of it."""
        self._calls += 1
        events.append(call)

    def end_call(self, index: int, arguments: object, events: list[AnswerEvent]) -> None:
        """Append complete arguments, given as a JSON value."""
        written = orjson.dumps(arguments or {}).decode()
        events.append(ToolCallDelta(index=index, arguments_json=written))

    def check_arguments(self, index: int, written: str, events: list[AnswerEvent]) -> None:
        """Check arguments that came in pieces; no arguments mean an empty object."""
        if not written.strip():
            self.end_call(index, {}, events)
        elif not is_json(written):
            self._arguments_are_json = False

    def sound_reason(self, reason: FinishReason) -> FinishReason:
        """Return the finish reason: `TOOL_CALLS` for an answer with calls that merely stopped.

        Raises:
            AttemptFailedError: the answer is empty, or not in the requested format.
        """
        if self._calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        if not (self._has_content or self._calls):
            require_content(reason, continues=self._continues)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._arguments_are_json)
        if reason is FinishReason.STOP and self._response_format is not None:
            require_format("".join(self._text), self._response_format)
        return reason

    def _add_thought(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self._has_content = True
        if not self._hides_thoughts:
            events.append(thought)
