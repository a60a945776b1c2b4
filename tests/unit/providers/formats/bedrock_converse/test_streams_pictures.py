"""Pictures in streams of the Converse format."""

from __future__ import annotations

import base64

import orjson

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import MediaDelta
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.formats.bedrock_converse.answers import AnswerReader
from routersvc.providers.formats.bedrock_converse.frames import Frame, FrameKind
from routersvc.providers.formats.bedrock_converse.streams import FrameReader
from routersvc.providers.wire_format import ResponseHead

HEAD = ResponseHead(status=200, headers={}, received_at=0.0)
PROMPT = Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="Draw"),)),))


def test_pieces_of_a_picture_are_one_and_two_pictures_are_two() -> None:
    """A block is a picture."""
    reader = FrameReader(AnswerReader(PROMPT, HEAD), HEAD)
    events: list[AnswerEvent] = []
    for block, data in ((0, b"ab"), (0, b"c"), (1, b"d")):
        start = {"contentBlockIndex": block, "start": {"image": {"format": "png"}}}
        image = {"source": {"bytes": base64.b64encode(data).decode()}}
        delta = {"contentBlockIndex": block, "delta": {"image": image}}
        if data != b"c":
            reader.read_piece(frame("contentBlockStart", start), events)
        reader.read_piece(frame("contentBlockDelta", delta), events)

    pictures = [event for event in events if isinstance(event, MediaDelta)]
    assert [(one.index, one.data) for one in pictures] == [(0, b"ab"), (0, b"c"), (1, b"d")]


def frame(name: str, event: object) -> Frame:
    """Return a message of the stream."""
    return Frame(kind=FrameKind.EVENT, name=name, payload=orjson.dumps(event))
