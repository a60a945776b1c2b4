"""Ollama's own chat: read from the lines as they stand, for no SDK of Ollama is at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.wire.readings import PLAIN, Call, JsonObject, Reading, Record
from routersvc.domain.conversation.finish_reasons import FinishReason

_REASONS: Mapping[str, FinishReason] = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
}


def read(record: Record) -> Reading:
    """Return what an answer says."""
    lines = record.body.split(b"\n") if record.streaming else [record.body]
    bodies: list[JsonObject] = [json.loads(line) for line in lines if line.strip()]
    messages: list[JsonObject] = [body["message"] for body in bodies]
    functions: list[Any] = [
        call["function"] for message in messages for call in message.get("tool_calls") or ()
    ]
    last = bodies[-1]
    finish = _REASONS[last.get("done_reason") or "stop"]
    return Reading(
        judge=PLAIN,
        text="".join(message.get("content") or "" for message in messages),
        thoughts="".join(message.get("thinking") or "" for message in messages),
        calls=tuple(
            Call(call_id="", name=function["name"], arguments=function["arguments"])
            for function in functions
        ),
        finish=FinishReason.TOOL_CALLS if functions and finish is FinishReason.STOP else finish,
        usage=(last.get("prompt_eval_count") or 0, last["eval_count"], 0)
        if last.get("eval_count")
        else None,
        model=bodies[0]["model"],
    )
