"""Puts together the tool calls of one answer from their pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.json_values import JsonObject, object_of, text_of
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of
from routersvc.providers.reading.tool_arguments import ToolArguments


class ToolCallReader:
    """Reads pieces of tool calls and keeps their arguments, to check them at the end.

    Vendors number calls in different ways: with an index, without any, or all with the same one.
    A piece with an id and a name that its index does not have begins another call; so does a piece
    with a name after a call whose arguments are whole, and every entry of a complete message. The
    text of a custom tool is held until its end, and becomes the object `{"input": text}`.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._arguments = ToolArguments()
        self._call_ids = CallIds(prompt)
        self._wire_ids: list[str] = []
        self._by_wire_index: dict[int, int] = {}
        self._texts: dict[int, list[str]] = {}

    def __bool__(self) -> bool:
        """Return whether any call has begun."""
        return bool(self._arguments)

    def read(
        self,
        pieces: Sequence[JsonObject],
        events: list[AnswerEvent],
        answer_id: str,
        *,
        are_whole: bool = False,
    ) -> None:
        """Append an event for every piece; `are_whole`: each is a call of its own."""
        named: set[int] = set()
        for piece in pieces:
            custom = object_of(piece.get("custom"))
            function = custom or object_of(piece.get("function"))
            name = text_of(function.get("name"))
            arguments = "" if custom else _text(function.get("arguments"))
            wire_id = label_of(piece.get("id"), longest=LONGEST_CALL_ID)
            index = self._known(piece.get("index"), wire_id)
            if are_whole or not self._goes_on(index, wire_id, name, arguments, named):
                index = self._begin(piece.get("index"), wire_id)
                call_id = self._call_ids.next_id(piece.get("id"), index=index, answer_id=answer_id)
                delta = ToolCallDelta(
                    index=index, call_id=call_id, name=name, arguments_json=arguments
                )
                events.append(delta)
            elif arguments:
                events.append(ToolCallDelta(index=index, arguments_json=arguments))
            if name:
                named.add(index)
            if custom:
                self._texts.setdefault(index, []).append(text_of(function.get("input")))
            else:
                self._arguments.append(index, arguments)

    def end_texts(self, events: list[AnswerEvent]) -> None:
        """Append the input of calls of custom tools."""
        for index, pieces in self._texts.items():
            written = orjson.dumps({"input": "".join(pieces)}).decode()
            self._arguments.append(index, written)
            events.append(ToolCallDelta(index=index, arguments_json=written))
        self._texts.clear()

    def complete(self, events: list[AnswerEvent]) -> bool:
        """Return whether the arguments of every call are JSON; see `ToolArguments.complete`."""
        return self._arguments.complete(events)

    def _known(self, wire_index: object, wire_id: str) -> int:
        """Return the call that a piece may belong to, -1 where there is none."""
        if isinstance(wire_index, int):
            return self._by_wire_index.get(wire_index, -1)
        last = len(self._arguments) - 1
        return last if last >= 0 and wire_id in {"", self._wire_ids[last]} else -1

    def _goes_on(
        self, index: int, wire_id: str, name: str, arguments: str, named: set[int]
    ) -> bool:
        """Return whether a piece belongs to the call with this index; else it begins another."""
        if index < 0:
            return False
        if not name:
            return True
        known_id = self._wire_ids[index]
        if wire_id and wire_id != known_id:
            return False
        if index in named:
            return False
        if (wire_id or known_id) and not arguments:
            return True
        return not self._arguments.is_whole(index)

    def _begin(self, wire_index: object, wire_id: str) -> int:
        index = self._arguments.begin()
        self._wire_ids.append(wire_id)
        if isinstance(wire_index, int):
            self._by_wire_index[wire_index] = index
        return index


def _text(arguments: Any) -> str:  # noqa: ANN401 - whatever a vendor sends
    """Return arguments as JSON text; some vendors send them as JSON itself."""
    if arguments is None:
        return ""
    if isinstance(arguments, str):
        return arguments
    return orjson.dumps(arguments).decode()
