"""What recorders take away from an exchange is put back, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from routersvc.app.replays.replaying import Replay, adapter_of, recording_in, replay
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import ImagePart, TextPart, ToolCall
from routersvc.domain.outcomes.failure_rules import FailureClass

JsonObject = dict[str, Any]

CHUNK: JsonObject = {
    "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "modelVersion": "gemini-2.5-flash",
}
EVENT = f"data: {json.dumps(CHUNK)}"
ELIDED = "<elided base64 len=90000 sha256=0123>"


def replayed(response: JsonObject, *, streaming: bool = True) -> Replay:
    """Return what comes of a response of the Gemini API."""
    record = {
        "provider": "gemini",
        "api": "generate_content",
        "streaming": streaming,
        "request": {},
        "response": {"status": 200, **response},
    }
    recording = recording_in(json.dumps(record).encode())
    return replay(recording, adapter_of(recording, None))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n\r\n"])
def test_empty_line_that_ends_a_stream_is_put_back(end: str) -> None:
    """Google's streams have no other end: without the line the last event would never come."""
    found = replayed({"text": EVENT + end})

    assert found.failure is None
    assert found.answer.finish.reason is FinishReason.STOP


@pytest.mark.parametrize("text", [EVENT, EVENT[:-1], EVENT[: len(EVENT) // 2]])
def test_stream_that_was_cut_within_a_line_stays_cut(text: str) -> None:
    """A recorder strips lines, a broken connection anything: that must not become a success."""
    found = replayed({"text": text})

    assert found.failure is not None
    assert found.failure.failure_class is FailureClass.TRUNCATED


def test_media_that_were_left_out_are_short_ones() -> None:
    """The rest of the answer can be read, and is."""
    parts = [{"text": "Look:"}, {"inlineData": {"mimeType": "image/png", "data": ELIDED}}]
    body = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}

    found = replayed({"json": body}, streaming=False).answer.parts

    assert [type(part) for part in found] == [TextPart, ImagePart]


def test_spelling_of_an_sdk_is_put_back_but_not_in_what_a_model_has_named() -> None:
    """Google's SDK writes its own field names; arguments are the tool's."""
    call: JsonObject = {"function_call": {"name": "f", "args": {"an_argument": 1}}}
    chunk: JsonObject = {
        "sdk_http_response": {"headers": {}},
        "candidates": [{"content": {"parts": [call]}, "finish_reason": "STOP"}],
        "model_version": "gemini-2.5-flash",
    }

    found = replayed({"chunks": [json.dumps(chunk)]}).answer

    (part,) = found.parts
    assert isinstance(part, ToolCall)
    assert json.loads(part.arguments_json) == {"an_argument": 1}
    assert found.finish.model_version == "gemini-2.5-flash"


def test_stream_that_was_written_down_line_by_line_is_a_stream_again() -> None:
    """Each line stands as a JSON text of its own."""
    found = replayed({"chunks": [json.dumps(EVENT), json.dumps("")]})

    assert found.failure is None
