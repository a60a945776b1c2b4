"""Answers made by hand, and how they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.providers.conftest import make_call_

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.formats.anthropic_messages.dialects import DIALECTS
from routersvc.providers.formats.anthropic_messages.wire import anthropic_messages
from routersvc.providers.formats.bedrock_converse.wire import bedrock_converse
from routersvc.providers.wire_format import ResponseHead, WireFormat

JsonObject = dict[str, Any]
MESSAGES = anthropic_messages(DIALECTS["anthropic"])
CONVERSE = bedrock_converse()


def head(content_type: str, **headers: str) -> ResponseHead:
    """Return what precedes a body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseHead(
        status=200, headers={"content-type": content_type, **named}, received_at=1_790_000_000.0
    )


def sse(*events: JsonObject) -> bytes:
    """Return the bytes of a stream of events."""
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def read(
    wire_format: WireFormat,
    content_type: str,
    body: bytes,
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> list[AnswerEvent]:
    """Return the events of a body."""
    call = make_call_(streaming="json" not in content_type, **prompt)
    decoder = wire_format.decoder(call, head(content_type))
    return decoder.feed(body) + decoder.end()


def failure_class(
    wire_format: WireFormat,
    content_type: str,
    body: bytes,
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> FailureClass:
    """Return how a body fails."""
    with pytest.raises(AttemptFailedError) as failed:
        read(wire_format, content_type, body, **prompt)
    return failed.value.failure.failure_class


def message(*content: JsonObject, reason: str = "end_turn", **more: object) -> bytes:
    """Return a complete Messages body."""
    body = {
        "type": "message",
        "id": "msg_1",
        "model": "claude",
        "content": list(content),
        "stop_reason": reason,
        "usage": {
            "input_tokens": 3,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 7,
            "output_tokens": 11,
            "output_tokens_details": {"thinking_tokens": 2},
        },
        **more,
    }
    return json.dumps(body).encode()


TEXT = {"type": "text", "text": "Hi"}
START = {
    "type": "message_start",
    "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}},
}
STOP = {"type": "message_stop"}


def ended(reason: str, **more: object) -> JsonObject:
    """Return the event that says why an answer ends."""
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, **more},
        "usage": {"output_tokens": 1},
    }


def block(index: int, start: JsonObject, *deltas: JsonObject) -> list[JsonObject]:
    """Return the events of a block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *(
            {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}
            for delta in deltas
            for kind in [delta.pop("kind")]
        ),
        {"type": "content_block_stop", "index": index},
    ]


def converse(*content: JsonObject, reason: str = "end_turn", **more: object) -> bytes:
    """Return a complete Converse body."""
    body = {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": reason,
        "usage": {"inputTokens": 3, "outputTokens": 11, "totalTokens": 14},
        **more,
    }
    return json.dumps(body).encode()


def delta(index: int, content: JsonObject) -> tuple[str, JsonObject]:
    """Return a piece of a block."""
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": content}
