"""Puts together the tool calls of one answer from their pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.providers.reading.json_values import JsonObject, json_object
from routersvc.providers.reading.tool_arguments import ToolArguments

_EXTRA = "extra_content"
"""A further field of a call, in which Google's compatible endpoint has the call's signature."""


def extra_signature(extra: JsonObject) -> bytes:
    """Return the further field of a call as bytes that `extra_of` reads."""
    return orjson.dumps({_EXTRA: extra})


def extra_of(signature: bytes) -> JsonObject | None:
    """Return the field that a signature holds; `None` where another format made the signature."""
    held = json_object(signature)
    return held if held is not None and held.keys() == {_EXTRA} else None


class ToolCallReader:
    """Reads pieces of tool calls and keeps their arguments, to check them at the end.

    Vendors number calls in different ways: with an index, without any, or all with the same one.
    A piece with an id and a name that its index does not have begins another call. `maker` is whom
    a call's `extra_content` is from; `None`: it is not read.
    """

    def __init__(self, maker: str | None = None) -> None:
        self._maker = maker
        self._arguments = ToolArguments()
        self._ids: list[str] = []
        self._by_wire_index: dict[int, int] = {}

    def __bool__(self) -> bool:
        """Return whether any call has begun."""
        return bool(self._arguments)

    def read(self, pieces: Sequence[JsonObject], events: list[AnswerEvent], answer_id: str) -> None:
        """Append an event for every piece."""
        for piece in pieces:
            function: JsonObject = piece.get("function") or {}
            call_id: str = piece.get("id") or ""
            name: str = function.get("name") or ""
            arguments = _text(function.get("arguments"))
            index = self._index(piece.get("index"), call_id, name)
            begins = index == len(self._arguments)
            if begins:
                call_id = call_id or f"{answer_id or 'call'}-{index}"
                self._arguments.begin()
                self._ids.append(call_id)
            self._arguments.append(index, arguments)
            extra = piece.get("extra_content") if self._maker is not None else None
            events.append(
                ToolCallDelta(
                    index=index,
                    call_id=call_id if begins else "",
                    name=name if begins else "",
                    arguments_json=arguments,
                    signature=extra_signature(extra) if extra else b"",
                    maker=(self._maker or "") if extra else "",
                )
            )

    def complete(self, events: list[AnswerEvent]) -> bool:
        """Return whether the arguments of every call are JSON; see `ToolArguments.complete`."""
        return self._arguments.complete(events)

    def _index(self, wire_index: int | None, call_id: str, name: str) -> int:
        if wire_index is None:
            continues = self._arguments and (not call_id or call_id == self._ids[-1])
            return len(self._arguments) - 1 if continues else len(self._arguments)
        index = self._by_wire_index.get(wire_index)
        if index is None or (call_id and name and call_id != self._ids[index]):
            index = len(self._arguments)
            self._by_wire_index[wire_index] = index
        return index


def _text(arguments: Any) -> str:  # noqa: ANN401 - whatever a vendor sends
    """Return arguments as JSON text; some vendors send them as JSON itself."""
    if arguments is None:
        return ""
    if isinstance(arguments, str):
        return arguments
    return orjson.dumps(arguments).decode()
