"""Makes the ids of tool calls unique in a conversation, and such as the next vendor takes.

Vendors number calls as they like: some in every answer from 1 on, some with characters or lengths
that others refuse. Ids that a vendor takes stay as they are; the others are replaced by a hash, so
that the same conversation is always written with the same ids, as prompt caches need.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import Part, ToolCall, ToolResult


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallIdRule:
    """What a vendor takes as the id of a call.

    `replacement_length` is the length of ids that replace others.
    """

    pattern: re.Pattern[str]
    replacement_length: int = 24

    def replacement(self, call_id: str, number: int) -> str:
        """Return the id that replaces the one with this number among those that are the same."""
        digest = hashlib.sha256(f"{number} {call_id}".encode(errors="replace")).hexdigest()
        return digest[: self.replacement_length]


ANY_CALL_ID = CallIdRule(pattern=re.compile(r"(?s).+"))
"""No limit is known; ids are only made unique."""

CHAT_CALL_ID = CallIdRule(pattern=re.compile(r"(?s).{1,40}"))
"""OpenAI's chat completions."""

RESPONSES_CALL_ID = CallIdRule(pattern=re.compile(r"(?s).{1,64}"))
"""OpenAI's Responses."""

CLAUDE_CALL_ID = CallIdRule(pattern=re.compile(r"[a-zA-Z0-9_-]{1,64}"))
"""Anthropic, and AWS's Converse."""

MISTRAL_CALL_ID = CallIdRule(pattern=re.compile(r"[a-zA-Z0-9]{9}"), replacement_length=9)
"""Mistral takes nine letters and digits."""


def with_sound_call_ids(messages: Sequence[Message], rule: CallIdRule) -> Sequence[Message]:
    """Return the conversation with ids that are unique and follow `rule`; the same if they do.

    A result belongs to the oldest call of its id that has no result yet, else to the latest one.
    """
    if not any(message.role is Role.TOOL or _calls(message) for message in messages):
        return messages
    renaming = _Renaming(rule)
    return [renaming.message(message) for message in messages]


def _calls(message: Message) -> bool:
    return message.role is Role.ASSISTANT and any(
        isinstance(part, ToolCall) for part in message.parts
    )


class _Renaming:
    def __init__(self, rule: CallIdRule) -> None:
        self._rule = rule
        self._used: set[str] = set()
        self._given: dict[str, list[str]] = {}
        self._answered: dict[str, int] = {}

    def message(self, message: Message) -> Message:
        parts: list[Part] = []
        changed = False
        for part in message.parts:
            sent: Part = part
            if isinstance(part, ToolCall):
                call_id = self._of_call(part.call_id)
                if call_id != part.call_id:
                    sent = dataclasses.replace(part, call_id=call_id)
            elif isinstance(part, ToolResult):
                call_id = self._of_result(part.call_id)
                if call_id != part.call_id:
                    sent = dataclasses.replace(part, call_id=call_id)
            changed = changed or sent is not part
            parts.append(sent)
        return dataclasses.replace(message, parts=tuple(parts)) if changed else message

    def _of_call(self, call_id: str) -> str:
        given = self._given.setdefault(call_id, [])
        sent = call_id
        number = len(given)
        while sent in self._used or not self._rule.pattern.fullmatch(sent):
            sent = self._rule.replacement(call_id, number)
            number += 1
        self._used.add(sent)
        given.append(sent)
        return sent

    def _of_result(self, call_id: str) -> str:
        given = self._given.get(call_id)
        if given is None:
            return self._of_call(call_id)
        at = self._answered.get(call_id, 0)
        self._answered[call_id] = at + 1
        return given[min(at, len(given) - 1)]
