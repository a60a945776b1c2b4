"""Ids of tool calls are unique over a conversation, and follow from it."""

from __future__ import annotations

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import ToolCall
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.labels import LONGEST_CALL_ID


def prompt(*call_ids: str) -> Prompt:
    """Return a conversation in which these calls were made."""
    calls = tuple(ToolCall(call_id=one, name="f", arguments_json="{}") for one in call_ids)
    return Prompt(messages=(Message(role=Role.ASSISTANT, parts=calls),))


def test_ids_of_the_vendor_are_kept() -> None:
    """They mean something to it."""
    ids = CallIds(prompt())

    assert [ids.next_id(told, index=place) for place, told in enumerate(["a", "b"])] == ["a", "b"]


def test_missing_and_repeated_ids_are_made_good() -> None:
    """A result must be able to name its call."""
    ids = CallIds(prompt())

    told = ["x", None, "", "x", 0, " "]
    assert [ids.next_id(one, index=place, answer_id="r") for place, one in enumerate(told)] == [
        "x",
        "r-1",
        "r-2",
        "x-3",
        "0",
        "r-5",
    ]


def test_ids_differ_from_those_of_earlier_turns() -> None:
    """Vendors without ids would get the same ones in every turn."""
    ids = CallIds(prompt("call-0", "call-0-0"))

    assert ids.next_id(None, index=0) == "call-0-1"


def test_endless_id_is_none() -> None:
    """It goes back to the vendor with every later turn."""
    ids = CallIds(prompt())

    assert ids.next_id("x" * (LONGEST_CALL_ID + 1), index=0) == "call-0"
