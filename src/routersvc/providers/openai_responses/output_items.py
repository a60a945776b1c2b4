"""Reads the items of one answer, from their pieces or whole.

An item of a stream is told up to four times: by its deltas, by the end of each of its parts, by
its own end, and by the end of the answer. What was told is counted, so that each of the later
tellings adds exactly what the earlier ones left out, whichever of them a vendor sends.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses

import orjson

from routersvc.domain.answers import (
    AnswerEvent,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    TokenLogprob,
    ToolCallDelta,
)
from routersvc.domain.prompts import Modality
from routersvc.providers.json_values import JsonObject, is_json
from routersvc.providers.openai_responses.items import (
    CALL_TYPES,
    CUSTOM_CALL,
    proof_of,
    signature_of,
)
from routersvc.providers.token_logprobs import read_logprobs

PARAGRAPH = "\n\n"
"""Between the parts of a thought: each is a paragraph of its own, with a heading."""


@dataclasses.dataclass(kw_only=True, slots=True)
class _Item:
    """What has been told of one item: characters by kind and number of the part."""

    kind: str
    told: dict[tuple[str, int], int] = dataclasses.field(default_factory=dict[tuple[str, int], int])
    call: int | None = None
    thought_kind: str | None = None
    closed: bool = False


class ItemReader:
    """The items of one answer. They are told apart by their number, for ids may change."""

    def __init__(
        self, *, hides_thoughts: bool, wants_logprobs: bool, hosted_custom_calls: bool
    ) -> None:
        self.has_text = False
        self.has_refusal = False
        self.has_more = False
        self.awaits_approval = False
        self._hides_thoughts = hides_thoughts
        self._wants_logprobs = wants_logprobs
        self._call_types = CALL_TYPES.keys() - ({CUSTOM_CALL} if hosted_custom_calls else set())
        self._items: dict[int, _Item] = {}
        self._closed_ids: set[str] = set()
        self._arguments: list[list[str]] = []

    @property
    def has_calls(self) -> bool:
        """Whether any call of a tool has begun."""
        return bool(self._arguments)

    @property
    def arguments_are_json(self) -> bool:
        """Whether the arguments of every call are JSON."""
        return all(is_json("".join(pieces)) for pieces in self._arguments)

    def open(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        """Take note that an item begins. A call is told at once, for its name and id are known."""
        known = self._items.get(number)
        if known is None:
            kind: str = item["type"]
            known = self._items[number] = _Item(kind=kind)
            if kind in self._call_types:
                self._begin_call(known, item, events)

    def close(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        """Tell what an item holds beyond what has been told of it."""
        self.open(number, item, events)
        known = self._items[number]
        if known.closed:
            return
        known.closed = True
        item_id = item.get("id")
        if item_id:
            if item_id in self._closed_ids:
                return
            self._closed_ids.add(item_id)
        if known.call is not None:
            self._end_call(known, item, events)
        elif known.kind == "message":
            self._close_message(number, item, events)
        elif known.kind == "reasoning":
            self._close_thought(known, item, events)
        elif known.kind == "image_generation_call":
            self._add_picture(item, events)
        else:
            self._add_opaque(item, events)

    def text(
        self,
        number: int,
        part: int,
        text: str,
        logprobs: list[JsonObject] | None,
        events: list[AnswerEvent],
    ) -> None:
        """Tell a piece of text."""
        tokens: tuple[TokenLogprob, ...] = ()
        if self._wants_logprobs and logprobs:
            tokens = read_logprobs(logprobs)
        if text or tokens:
            self._count(self._item(number, "message"), "text", part, text)
            self.has_text = self.has_text or bool(text)
            events.append(TextDelta(text=text, logprobs=tokens))

    def refusal(self, number: int, part: int, text: str, events: list[AnswerEvent]) -> None:
        """Tell a piece of the refusal."""
        if text:
            self._count(self._item(number, "message"), "refusal", part, text)
            self.has_refusal = True
            events.append(RefusalDelta(text=text))

    def thought(
        self, number: int, kind: str, part: int, text: str, events: list[AnswerEvent]
    ) -> None:
        """Tell a piece of a thought; `kind` is `summary` or `content`.

        A vendor may send both, which say the same: the kind that comes first is told.
        """
        item = self._item(number, "reasoning")
        if not text or item.thought_kind not in {None, kind}:
            return
        item.thought_kind = kind
        begins_paragraph = part > 0 and (kind, part) not in item.told
        self._count(item, kind, part, text)
        self._think(ThoughtDelta(text=PARAGRAPH + text if begins_paragraph else text), events)

    def argument(self, number: int, text: str, events: list[AnswerEvent]) -> None:
        """Tell a piece of a call's arguments. The text of a custom call waits for its end."""
        item = self._items.get(number)
        if item is None or item.call is None or item.kind == CUSTOM_CALL or not text:
            return
        self._count(item, "arguments", 0, text)
        self._arguments[item.call].append(text)
        events.append(ToolCallDelta(index=item.call, arguments_json=text))

    def rest(self, number: int, kind: str, part: int, whole: str) -> str:
        """Return what of a whole part has not been told."""
        item = self._items.get(number)
        told = 0 if item is None else item.told.get((kind, part), 0)
        return whole[told:]

    def _item(self, number: int, kind: str) -> _Item:
        item = self._items.get(number)
        if item is None:
            item = self._items[number] = _Item(kind=kind)
        return item

    def _count(self, item: _Item, kind: str, part: int, text: str) -> None:
        item.told[kind, part] = item.told.get((kind, part), 0) + len(text)

    def _begin_call(self, known: _Item, item: JsonObject, events: list[AnswerEvent]) -> None:
        known.call = len(self._arguments)
        self._arguments.append([])
        call_id: str = item.get("call_id") or item.get("id") or f"call-{known.call}"
        events.append(
            ToolCallDelta(
                index=known.call,
                call_id=call_id,
                name=item["name"],
                signature=signature_of(item),
            )
        )

    def _end_call(self, known: _Item, item: JsonObject, events: list[AnswerEvent]) -> None:
        call = known.call
        if call is None:
            return
        whole: str = item.get(CALL_TYPES[known.kind]) or ""
        if known.kind == CUSTOM_CALL:
            whole = orjson.dumps({"input": whole}).decode()
        told = known.told.get(("arguments", 0), 0)
        rest = whole[told:] or ("" if told else "{}")
        if rest:
            self._arguments[call].append(rest)
            events.append(ToolCallDelta(index=call, arguments_json=rest))

    def _close_message(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        for part, content in enumerate(item.get("content") or ()):
            match content.get("type"):
                case "output_text":
                    whole: str = content.get("text") or ""
                    rest = self.rest(number, "text", part, whole)
                    # Their probabilities came with the pieces, unless there were none.
                    logprobs = content.get("logprobs") if rest == whole else None
                    self.text(number, part, rest, logprobs, events)
                case "refusal":
                    rest = self.rest(number, "refusal", part, content.get("refusal") or "")
                    self.refusal(number, part, rest, events)
                case _:
                    pass

    def _close_thought(self, known: _Item, item: JsonObject, events: list[AnswerEvent]) -> None:
        number = next(number for number, one in self._items.items() if one is known)
        for kind in ("content", "summary"):
            for part, piece in enumerate(item.get(kind) or ()):
                rest = self.rest(number, kind, part, piece.get("text") or "")
                self.thought(number, kind, part, rest, events)
        if item.get("encrypted_content"):
            self._think(ThoughtDelta(encrypted=proof_of(item)), events)

    def _add_picture(self, item: JsonObject, events: list[AnswerEvent]) -> None:
        data: str = item.get("result") or ""
        if data:
            self.has_more = True
            events.append(
                MediaDelta(
                    modality=Modality.IMAGE,
                    media_type=f"image/{item.get('output_format') or 'png'}",
                    data=_decoded(data),
                )
            )

    def _add_opaque(self, item: JsonObject, events: list[AnswerEvent]) -> None:
        """Keep what the contract has no words for, so that it can go back as it came."""
        if item["type"] == "mcp_approval_request" or item.get("execution") == "client":
            self.awaits_approval = True
        self._think(ThoughtDelta(encrypted=proof_of(item)), events)

    def _think(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self.has_more = True
        if not self._hides_thoughts:
            events.append(thought)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("a picture is not base64") from error
