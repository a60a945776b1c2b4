"""Assembles the tool calls of one answer, complete or in pieces."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence
from typing import Any, cast

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.formats.gemini.signatures import encode_signature
from routersvc.providers.reading.answer_limits import require_few_calls
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.json_values import JsonObject, object_in

_STEP = re.compile(
    r"\.([^.\[\]]+)|\[(\d{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]"
)
_MAX_DEPTH = 64


@dataclasses.dataclass(frozen=True, slots=True)
class _GrowingText:
    """A text that may grow."""

    pieces: list[str]


class ToolCallReader:
    """Reads calls in order; Google sends no index, and ids only for newer models.

    The arguments of a call with `willContinue` come in later pieces, each with its path (JSONPath).
    They become JSON text when the call is complete.
    """

    def __init__(self, prompt: Prompt, maker: str = "") -> None:
        self._maker = maker
        self._count = 0
        self._call_ids = CallIds(prompt)
        self._open: JsonObject | None = None

    def __bool__(self) -> bool:
        """Return whether any call has begun."""
        return self._count > 0

    @property
    def is_complete(self) -> bool:
        """Whether every call has all of its arguments."""
        return self._open is None

    def read(
        self, call: JsonObject, signature: str, answer_id: str, events: list[AnswerEvent]
    ) -> None:
        """Append the events of a `functionCall`, which may be a piece of one."""
        if self._open is None:
            if not call:
                return
            require_few_calls(self._count + 1)
            events.append(
                ToolCallDelta(
                    index=self._count,
                    call_id=self._call_ids.next_id(
                        call.get("id"), index=self._count, answer_id=answer_id
                    ),
                    name=call["name"],
                    signature=encode_signature(signature, None) if signature else b"",
                    maker=self._maker if signature else "",
                )
            )
            self._count += 1
            self._open = {}
        arguments: Any = call.get("args")
        self._open.update(
            object_in(arguments, "args") if isinstance(arguments, str) else arguments or {}
        )
        for piece in call.get("partialArgs") or ():
            _add(self._open, piece)
        if not call.get("willContinue"):
            arguments = orjson.dumps(
                self._open, default=_text, option=orjson.OPT_PASSTHROUGH_DATACLASS
            ).decode()
            events.append(ToolCallDelta(index=self._count - 1, arguments_json=arguments))
            self._open = None


def _add(arguments: JsonObject, piece: JsonObject) -> None:
    """Put a piece of the arguments at its path.

    Raises:
        ValueError: the path does not exist.
    """
    steps = _steps(piece["jsonPath"])
    place: Any = arguments
    for step, following in itertools.pairwise(steps):
        place = _entered(place, step, [] if isinstance(following, int) else {})
    last = steps[-1]
    text = piece.get("stringValue")
    if isinstance(text, str):
        grown: Any = _entered(place, last, _GrowingText([]))
        cast("_GrowingText", grown).pieces.append(text)
        return
    kind = next((kind for kind in ("numberValue", "boolValue") if kind in piece), None)
    _entered(place, last, None)
    place[last] = None if kind is None else piece[kind]


def _steps(path: str) -> Sequence[str | int]:
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or len(steps) == _MAX_DEPTH:
            raise ValueError("a path that cannot be read")
        name, index, single, double = match.groups()
        steps.append(int(index) if index else name or single or double or "")
        position = match.end()
    if not steps or not path.startswith("$"):
        raise ValueError("a path that leads nowhere")
    return steps


def _entered(place: Any, step: str | int, empty: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the value at `step`; insert `empty` if there is none."""
    if isinstance(step, int):
        items = cast("list[Any]", place)
        if step > len(items):
            raise ValueError("a path that leaves a gap")
        if step == len(items):
            items.append(empty)
        return items[step]
    return cast("JsonObject", place).setdefault(step, empty)


def _text(grown: object) -> str:
    """Return a text that came in pieces; a default function for orjson."""
    return "".join(cast("_GrowingText", grown).pieces)
