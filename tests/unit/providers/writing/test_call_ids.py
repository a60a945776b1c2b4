"""The ids of calls are unique and such as the vendor takes; results keep theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart, ToolCall, ToolResult
from routersvc.providers.writing.call_ids import (
    ANY_CALL_ID,
    CHAT_CALL_ID,
    CLAUDE_CALL_ID,
    MISTRAL_CALL_ID,
    RESPONSES_CALL_ID,
    CallIdRule,
    with_sound_call_ids,
)


def calls(*ids: str) -> Message:
    """Return a turn with calls of these ids."""
    return Message(
        role=Role.ASSISTANT,
        parts=tuple(ToolCall(call_id=it, name="f", arguments_json="{}") for it in ids),
    )


def results(*ids: str) -> Message:
    """Return a turn with results of these ids."""
    return Message(role=Role.TOOL, parts=tuple(ToolResult(call_id=it, parts=()) for it in ids))


def ids_of(message: Message) -> list[str]:
    """Return the ids in a turn."""
    return [part.call_id for part in message.parts if isinstance(part, ToolCall | ToolResult)]


def test_sound_ids_stay() -> None:
    """A conversation of the vendor's own is written as it was."""
    messages = (calls("a", "b"), results("a", "b"))

    assert list(with_sound_call_ids(messages, CLAUDE_CALL_ID)) == list(messages)


def test_conversation_without_tools_is_not_copied() -> None:
    """Most have none."""
    messages = (Message(role=Role.USER, parts=(TextPart(text="x"),)),)

    assert with_sound_call_ids(messages, CLAUDE_CALL_ID) is messages


def test_ids_that_repeat_in_each_turn_become_unique() -> None:
    """Some vendors number the calls of every answer from 1 on."""
    first, first_result, second, second_result = with_sound_call_ids(
        (calls("1"), results("1"), calls("1"), results("1")), ANY_CALL_ID
    )

    assert ids_of(first) == ids_of(first_result) == ["1"]
    assert ids_of(second) == ids_of(second_result)
    assert ids_of(second) != ["1"]


@pytest.mark.parametrize(
    "rule", [ANY_CALL_ID, CHAT_CALL_ID, CLAUDE_CALL_ID, MISTRAL_CALL_ID, RESPONSES_CALL_ID]
)
@given(
    turns=st.lists(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4), max_size=4)
)
def test_calls_and_results_stay_together(rule: CallIdRule, turns: list[list[str]]) -> None:
    """Whatever the ids were, they are taken, differ, and are the same in a prefix."""
    messages = [message for ids in turns for message in (calls(*ids), results(*ids))]

    sent = with_sound_call_ids(messages, rule)

    given_ids = [it for turn in sent[::2] for it in ids_of(turn)]
    assert given_ids == [it for turn in sent[1::2] for it in ids_of(turn)]
    assert len(set(given_ids)) == len(given_ids)
    assert all(rule.pattern.fullmatch(it) for it in given_ids)
    assert list(with_sound_call_ids(messages[:2], rule)) == list(sent[:2])
