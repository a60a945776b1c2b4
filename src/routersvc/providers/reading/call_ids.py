"""Gives every tool call of an answer an id of its own.

Results name their call by its id, so ids are unique over a conversation. Some vendors send none,
the same one twice, or the same ones in every turn. The ids made here follow from the conversation
and the place of the call, so that a stream and a whole answer have the same.
"""

from __future__ import annotations

from routersvc.domain.conversation.parts import ToolCall
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of


class CallIds:
    """The ids of the tool calls of one conversation, up to this answer."""

    __slots__ = ("_prompt", "_taken")

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._taken: set[str] | None = None

    def next_id(self, told: object, *, index: int, answer_id: str = "") -> str:
        """Return the id of another call; `told` is what the vendor calls it."""
        if self._taken is None:
            self._taken = {
                part.call_id
                for message in self._prompt.messages
                for part in message.parts
                if isinstance(part, ToolCall)
            }
        wanted = ""
        if not isinstance(told, str) or len(told) <= LONGEST_CALL_ID:
            wanted = label_of(told, longest=LONGEST_CALL_ID).strip()
        wanted = wanted or f"{answer_id or 'call'}-{index}"
        call_id, number = wanted, index
        while call_id in self._taken:
            call_id = f"{wanted}-{number}"
            number += 1
        self._taken.add(call_id)
        return call_id
