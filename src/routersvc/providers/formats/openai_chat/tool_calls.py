"""Puts together the tool calls of one answer from their pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.json_values import JsonObject, json_object, object_of, text_of
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of
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
    A piece with an id and a name that its index does not have begins another call; so does a piece
    with a name after a call whose arguments are whole, and every entry of a complete message. The
    text of a custom tool is held until its end, and becomes the object `{"input": text}`.
    `maker` is whom a call's `extra_content` is from; `None`: it is not read.
    """

    def __init__(self, prompt: Prompt, maker: str | None = None) -> None:
        self._maker = maker
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
            extra = piece.get("extra_content") if self._maker is not None else None
            signature = extra_signature(extra) if extra else b""
            maker = (self._maker or "") if extra else ""
            custom = object_of(piece.get("custom"))
            function = custom or object_of(piece.get("function")) or piece
            name = text_of(function.get("name"))
            arguments = "" if custom else _text(function.get("arguments"))
            wire_id = label_of(piece.get("id"), longest=LONGEST_CALL_ID)
            place = _place(piece.get("index"))
            index = self._known(place, wire_id)
            if are_whole or not self._goes_on(index, wire_id, name, arguments, named):
                index = self._begin(place, wire_id)
                call_id = self._call_ids.next_id(piece.get("id"), index=index, answer_id=answer_id)
                delta = ToolCallDelta(
                    index=index,
                    call_id=call_id,
                    name=name,
                    arguments_json=arguments,
                    signature=signature,
                    maker=maker,
                )
                events.append(delta)
            elif arguments or signature:
                events.append(
                    ToolCallDelta(
                        index=index, arguments_json=arguments, signature=signature, maker=maker
                    )
                )
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

    def _known(self, wire_index: int | None, wire_id: str) -> int:
        """Return the call that a piece may belong to, -1 where there is none."""
        if wire_index is not None:
            return self._by_wire_index.get(wire_index, -1)
        if not wire_id:
            return len(self._arguments) - 1
        known = (at for at in reversed(range(len(self._wire_ids))) if self._wire_ids[at] == wire_id)
        return next(known, -1)

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

    def _begin(self, wire_index: int | None, wire_id: str) -> int:
        index = self._arguments.begin()
        self._wire_ids.append(wire_id)
        if wire_index is not None:
            self._by_wire_index[wire_index] = index
        return index


def _place(index: object) -> int | None:
    """Return the number that a vendor gives to a call; some write it as text."""
    if isinstance(index, str) and index.isascii() and index.isdigit():
        return int(index[:_LONGEST_INDEX])
    return index if isinstance(index, int) and not isinstance(index, bool) else None


_LONGEST_INDEX = 9


def _text(arguments: Any) -> str:  # noqa: ANN401 - whatever a vendor sends
    """Return arguments as JSON text; some vendors send them as JSON itself."""
    if arguments is None:
        return ""
    if isinstance(arguments, str):
        return arguments
    return orjson.dumps(arguments).decode()
