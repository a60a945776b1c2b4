"""The state that formats share while they read an answer: text, thoughts, tool calls."""

from __future__ import annotations

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import (
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.prefills import is_continuation
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningVisibility
from routersvc.providers.reading.answer_limits import require_few_calls
from routersvc.providers.reading.answer_texts import AnswerText
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.json_values import JsonObject, is_json, json_object, text_of
from routersvc.providers.reading.soundness import (
    INTERRUPTED,
    require_arguments,
    require_content,
)


class BlockAnswer:
    """The state of one answer while its blocks are read, whole or piece by piece.

    A value of an unexpected type raises `TypeError`: the caller treats the body as malformed.
    Blocks that only the vendor understands are kept, to be sent back unchanged; `maker` names it.
    """

    def __init__(self, prompt: Prompt, *, maker: str = "") -> None:
        self._maker = maker
        self._hides_thoughts = prompt.reasoning.visibility is ReasoningVisibility.HIDDEN
        self._continues = is_continuation(prompt)
        self._text = AnswerText(prompt)
        self._call_ids = CallIds(prompt)
        self._calls = 0
        self._media = 0
        self._arguments_are_json = True
        self._has_content = False

    @property
    def characters(self) -> int:
        """The length of the text so far."""
        return self._text.characters

    def read_text(
        self,
        value: object,
        events: list[AnswerEvent],
        *,
        logprobs: tuple[TokenLogprob, ...] = (),
        pieces: int = 1,
    ) -> None:
        """Append text, or `pieces` of it joined; and log probabilities of its tokens."""
        self._text.add(text_of(value), events, logprobs, pieces=pieces)

    def refuse(self, value: object, events: list[AnswerEvent]) -> None:
        """Append a piece of the model's refusal."""
        text = text_of(value)
        if text:
            self._has_content = True
            events.append(RefusalDelta(text=text))

    def next_medium(self) -> int:
        """Return the number of another picture."""
        self._media += 1
        return self._media - 1

    def add_media(self, media: MediaDelta, events: list[AnswerEvent]) -> None:
        """Append a picture, or a piece of one."""
        self._has_content = True
        events.append(media)

    def think(self, value: object, events: list[AnswerEvent]) -> None:
        """Append a piece of a thought."""
        text = text_of(value)
        if text:
            self._add_thought(ThoughtDelta(text=text), events)

    def sign(self, value: object, events: list[AnswerEvent]) -> None:
        """End a thought with its signature."""
        signature = text_of(value)
        if signature:
            self._add_thought(ThoughtDelta(signature=signature.encode(), maker=self._maker), events)

    def redact(self, data: bytes, events: list[AnswerEvent]) -> None:
        """Append a redacted thought."""
        if data:
            self._add_thought(ThoughtDelta(encrypted=data, maker=self._maker), events)

    def tell(self, activity: HostedActivity, events: list[AnswerEvent]) -> None:
        """Append what a tool of the vendor did."""
        self._has_content = True
        events.append(HostedDelta(activity=activity))

    def keep(self, block: JsonObject, events: list[AnswerEvent]) -> None:
        """Append a block that only the vendor understands, as JSON."""
        self._add_thought(ThoughtDelta(encrypted=orjson.dumps(block), maker=self._maker), events)

    def begin_call(
        self,
        call_id: object,
        name: object,
        events: list[AnswerEvent],
        *,
        arguments: str = "",
        answer_id: str = "",
        signature: bytes = b"",
    ) -> int:
        """Append the first piece of another tool call, which may be all; return its number.

        Raises:
            AttemptFailedError: the answer has too many calls.
        """
        index = self._calls
        self._calls += 1
        require_few_calls(self._calls)
        events.append(
            ToolCallDelta(
                index=index,
                call_id=self._call_ids.next_id(call_id, index=index, answer_id=answer_id),
                name=text_of(name),
                arguments_json=arguments,
                signature=signature,
                maker=self._maker if signature else "",
            )
        )
        return index

    def end_call(self, index: int, arguments: object, events: list[AnswerEvent]) -> None:
        """Append complete arguments, given as a JSON value, or as the JSON text of an object."""
        if isinstance(arguments, str) and json_object(arguments) is not None:
            written = arguments
        else:
            written = orjson.dumps(arguments or {}).decode()
        events.append(ToolCallDelta(index=index, arguments_json=written))

    def check_arguments(self, index: int, written: str, events: list[AnswerEvent]) -> None:
        """Check arguments that came in pieces; no arguments mean an empty object."""
        if not written.strip():
            self.end_call(index, {}, events)
        elif not is_json(written):
            self._arguments_are_json = False

    def sound_reason(self, reason: FinishReason, events: list[AnswerEvent]) -> FinishReason:
        """Return the finish reason: `TOOL_CALLS` for an answer with calls that merely stopped.

        Text that was held back is appended.

        Raises:
            AttemptFailedError: the answer is empty, or not in the requested format.
        """
        text = self._text
        text.end(events)
        if self._calls and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        if not (self._has_content or self._calls or text.has_text or text.has_thoughts):
            require_content(reason, continues=self._continues)
        if reason not in INTERRUPTED:
            require_arguments(are_json=self._arguments_are_json)
        text.require_format(reason)
        return reason

    def _add_thought(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self._has_content = True
        if not self._hides_thoughts:
            events.append(thought)
