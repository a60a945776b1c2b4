"""Reads the items of one answer, from their pieces or whole.

A stream sends an item up to four times: as deltas, at the end of each part, at the end of the item,
and at the end of the answer. What was appended is recorded, so that each later copy adds exactly
what earlier ones left out, whichever of them a vendor sends. Vendors number parts differently (a
first part may be number 1), so an item's content is compared as a whole. A later copy that
contradicts an earlier one adds nothing.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import cast

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import (
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.providers.formats.openai_responses.citations import CitationReader
from routersvc.providers.formats.openai_responses.hosted_activities import (
    activity_of,
    awaits_caller,
)
from routersvc.providers.formats.openai_responses.items import (
    CALL_TYPES,
    CUSTOM_CALL,
    proof_of,
    signature_of,
)
from routersvc.providers.reading.answer_limits import require_few_calls
from routersvc.providers.reading.answer_texts import AnswerText
from routersvc.providers.reading.call_ids import CallIds
from routersvc.providers.reading.json_values import JsonObject, is_json, objects_of, part_text
from routersvc.providers.reading.labels import LONGEST_PHASE, label_of
from routersvc.providers.reading.media import media_bytes
from routersvc.providers.reading.token_logprobs import read_logprobs

PARAGRAPH = "\n\n"
"""Between the parts of a thought: each is a paragraph of its own, with a heading."""


@dataclasses.dataclass(kw_only=True, slots=True)
class _Item:
    """What has been appended of one item, by kind and number of the part."""

    appended: dict[tuple[str, int], list[str]] = dataclasses.field(
        default_factory=dict[tuple[str, int], list[str]]
    )
    call: int | None = None
    is_custom: bool = False
    is_signed: bool = False
    thought_kind: str | None = None
    phase: str = ""
    closed: bool = False

    def record(self, kind: str, part: int, text: str) -> None:
        """Record a piece that is appended."""
        self.appended.setdefault((kind, part), []).append(text)

    def remainders(self, kind: str, parts: Sequence[str]) -> list[str]:
        """Return the rest of each part not yet appended, however the parts are numbered."""
        appended = "".join(
            piece
            for (one, _), pieces in sorted(self.appended.items())
            if one == kind
            for piece in pieces
        )
        if not "".join(parts).startswith(appended):
            return [""] * len(parts)
        remainders: list[str] = []
        skipped = len(appended)
        for part in parts:
            remainders.append(part[skipped:])
            skipped = max(0, skipped - len(part))
        return remainders


class ItemReader:
    """The items of one answer. They are told apart by their number, for ids may change."""

    def __init__(
        self,
        *,
        text: AnswerText,
        call_ids: CallIds,
        hides_thoughts: bool,
        wants_logprobs: bool,
        hosted_custom_calls: bool,
        maker: str = "",
    ) -> None:
        self._maker = maker
        self.has_refusal = False
        self.has_more = False
        self.awaits_approval = False
        self._hides_thoughts = hides_thoughts
        self._wants_logprobs = wants_logprobs
        self._call_types = CALL_TYPES.keys() - ({CUSTOM_CALL} if hosted_custom_calls else set())
        self._text = text
        self._call_ids = call_ids
        self._items: dict[int, _Item] = {}
        self._streamed: Counter[tuple[str, str]] = Counter()
        self._arguments: list[list[str]] = []
        self._pictures = 0
        self._citations = CitationReader()
        self._text_starts: dict[tuple[int, int], int] = {}

    @property
    def has_calls(self) -> bool:
        """Return whether any tool call has begun."""
        return bool(self._arguments)

    @property
    def arguments_are_json(self) -> bool:
        """Whether the arguments of every call are JSON."""
        return all(is_json("".join(pieces)) for pieces in self._arguments)

    def open(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        """Begin an item. A call is appended at once, because its name and id are known."""
        known = self._items.get(number)
        if known is None or known.closed:
            known = self._items[number] = _Item()
        if item["type"] == "message":
            known.phase = label_of(item.get("phase"), longest=LONGEST_PHASE) or known.phase
        elif known.call is None and item["type"] in self._call_types:
            self._begin_call(known, item, events)

    def close(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        """Append what an item of a stream contains beyond what was appended before."""
        known = self._items.get(number)
        if known is not None and known.closed:
            return
        self._close(number, item, events)
        self._streamed[_identity(item)] += 1

    def close_all(self, items: Sequence[JsonObject], events: list[AnswerEvent]) -> None:
        """Append what the items of the whole answer contain beyond what a stream appended.

        An item is the copy of one that the stream ended with the same id, for vendors may number
        them differently, or else of the one with the same number, for ids may change.
        """
        for number, item in enumerate(items):
            identity = _identity(item)
            if identity[1] and self._streamed[identity] > 0:
                self._streamed[identity] -= 1
                continue
            known = self._items.get(number)
            if known is None or not known.closed:
                self._close(number, item, events)

    def _close(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        self.open(number, item, events)
        known = self._items[number]
        known.closed = True
        kind: str = item["type"]
        if kind in self._call_types:
            self._end_call(known, item, events)
        elif kind == "message":
            self._close_message(number, item, events)
        elif kind == "reasoning":
            self._close_thought(number, item, events)
        elif kind == "image_generation_call":
            self._add_picture(item, events)
        else:
            self._add_opaque(item, events)

    def end_calls(self, events: list[AnswerEvent]) -> None:
        """Append an empty object to calls without arguments."""
        for call, pieces in enumerate(self._arguments):
            if not pieces:
                pieces.append("{}")
                events.append(ToolCallDelta(index=call, arguments_json="{}"))

    def text(
        self,
        number: int,
        part: int,
        text: str,
        logprobs: list[JsonObject] | None,
        events: list[AnswerEvent],
    ) -> None:
        """Append a piece of text."""
        tokens: tuple[TokenLogprob, ...] = ()
        if self._wants_logprobs and logprobs:
            tokens = read_logprobs(logprobs)
        if text or tokens:
            item = self._item(number)
            item.record("text", part, text)
            self._text.phase = item.phase
            self._text_starts.setdefault((number, part), self._text.characters)
            self._text.add(text, events, tokens)

    def annotate(self, number: int, part: int, value: object, events: list[AnswerEvent]) -> None:
        """Append the sources of a part of the text."""
        offset = self._text_starts.get((number, part), self._text.characters)
        self._citations.read(value, offset, events)

    def refusal(self, number: int, part: int, text: str, events: list[AnswerEvent]) -> None:
        """Append a piece of the refusal."""
        if text:
            self._item(number).record("refusal", part, text)
            self.has_refusal = True
            events.append(RefusalDelta(text=text))

    def thought(
        self, number: int, kind: str, part: int, text: str, events: list[AnswerEvent]
    ) -> None:
        """Append a piece of a thought; `kind` is `summary` or `content`.

        A vendor may send both, with the same content: the kind that arrives first is used.
        """
        item = self._item(number)
        if not text or item.thought_kind not in {None, kind}:
            return
        item.thought_kind = kind
        begins_paragraph = bool(item.appended) and (kind, part) not in item.appended
        item.record(kind, part, text)
        self._think(ThoughtDelta(text=PARAGRAPH + text if begins_paragraph else text), events)

    def argument(self, number: int, text: str, events: list[AnswerEvent]) -> None:
        """Append a piece of a call's arguments. The text of a custom call is held until its end."""
        item = self._items.get(number)
        if item is None or item.call is None or item.is_custom or not text:
            return
        item.record("arguments", 0, text)
        self._arguments[item.call].append(text)
        events.append(ToolCallDelta(index=item.call, arguments_json=text))

    def rest(self, number: int, kind: str, part: int, whole: str) -> str:
        """Return the rest of a complete part that was not appended yet."""
        item = self._items.get(number)
        appended = "" if item is None else "".join(item.appended.get((kind, part), ()))
        return whole[len(appended) :] if whole.startswith(appended) else ""

    def _item(self, number: int) -> _Item:
        item = self._items.get(number)
        if item is None:
            item = self._items[number] = _Item()
        return item

    def _begin_call(self, known: _Item, item: JsonObject, events: list[AnswerEvent]) -> None:
        known.call = len(self._arguments)
        known.is_custom = item["type"] == CUSTOM_CALL
        signature = signature_of(item)
        known.is_signed = bool(signature)
        self._arguments.append([])
        require_few_calls(len(self._arguments))
        events.append(
            ToolCallDelta(
                index=known.call,
                call_id=self._call_ids.next_id(
                    item.get("call_id") or item.get("id"), index=known.call
                ),
                name=item["name"],
                signature=signature,
                maker=self._maker if signature else "",
            )
        )

    def _end_call(self, known: _Item, item: JsonObject, events: list[AnswerEvent]) -> None:
        call = known.call
        if call is None:
            return
        given = item.get(CALL_TYPES[item["type"]]) or ""
        whole: str = orjson.dumps(given).decode() if isinstance(given, dict) else given
        if known.is_custom:
            whole = orjson.dumps({"input": whole}).decode()
        rest = known.remainders("arguments", [whole])[0]
        signature = b"" if known.is_signed else signature_of(item)
        if rest:
            self._arguments[call].append(rest)
        if rest or signature:
            maker = self._maker if signature else ""
            events.append(
                ToolCallDelta(index=call, arguments_json=rest, signature=signature, maker=maker)
            )

    def _close_message(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        contents = _contents(item)
        known = self._items[number]
        texts = [
            _text_of(content, "output_text", "text") or _text_of(content, "text", "text")
            for content in contents
        ]
        for part, (content, rest) in enumerate(
            zip(contents, known.remainders("text", texts), strict=True)
        ):
            # Their probabilities came with the pieces, unless there were none.
            logprobs = content.get("logprobs") if rest and rest == texts[part] else None
            self.text(number, part, rest, logprobs, events)
            if content.get("annotations"):
                self.annotate(number, part, content["annotations"], events)
        refusals = [_text_of(content, "refusal", "refusal") for content in contents]
        for part, rest in enumerate(known.remainders("refusal", refusals)):
            self.refusal(number, part, rest, events)

    def _close_thought(self, number: int, item: JsonObject, events: list[AnswerEvent]) -> None:
        known = self._items[number]
        for kind in ("content", "summary"):
            told = item.get(kind) or ()
            pieces = [part_text(piece) for piece in ([told] if isinstance(told, str) else told)]
            for part, rest in enumerate(known.remainders(kind, pieces)):
                self.thought(number, kind, part, rest, events)
        if item.get("encrypted_content"):
            self._think(ThoughtDelta(encrypted=proof_of(item), maker=self._maker), events)

    def _add_picture(self, item: JsonObject, events: list[AnswerEvent]) -> None:
        data: str = item.get("result") or ""
        if data:
            self.has_more = True
            events.append(
                MediaDelta(
                    modality=Modality.IMAGE,
                    media_type=f"image/{item.get('output_format') or 'png'}",
                    data=media_bytes(data),
                    index=self._pictures,
                )
            )
            self._pictures += 1

    def _add_opaque(self, item: JsonObject, events: list[AnswerEvent]) -> None:
        """Append what a tool of the vendor did, or an item that only the vendor understands."""
        activity = activity_of(item, self._maker)
        if activity is not None:
            self.awaits_approval = self.awaits_approval or awaits_caller(item)
            self.has_more = True
            events.append(HostedDelta(activity=activity))
            return
        self._think(ThoughtDelta(encrypted=proof_of(item), maker=self._maker), events)

    def _think(self, thought: ThoughtDelta, events: list[AnswerEvent]) -> None:
        self.has_more = True
        if not self._hides_thoughts:
            events.append(thought)


def _text_of(content: JsonObject, kind: str, field: str) -> str:
    """Return the text of a part of this kind; a part of another kind has none of it."""
    text: str = (content.get(field) or "") if content.get("type") == kind else ""
    return text


def _contents(item: JsonObject) -> list[JsonObject]:
    """Return the parts of a message; some servers write its text alone.

    Raises:
        TypeError: it has neither.
    """
    content: object = item.get("content")
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "output_text", "text": content}]
    if not isinstance(content, list):
        raise TypeError("the content of a message is a list")
    return objects_of(cast("object", content))


def _identity(item: JsonObject) -> tuple[str, str]:
    """Return the kind and the id of an item; several may have the same."""
    return label_of(item.get("type")), label_of(item.get("id"))
