"""Ollama's own chat: read from the lines as they stand, for no SDK of Ollama is at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench.wire.readings import (
    CALL,
    PLAIN,
    TEXT,
    THOUGHT,
    Call,
    Counts,
    Failing,
    JsonObject,
    Logprob,
    Reading,
    Record,
    in_order,
    word_in,
)
from bench.wire.traffic.events import lines_of
from routersvc.domain.conversation.finish_reasons import FinishReason

_REASONS: Mapping[str, FinishReason] = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
}
_KINDS = {"thinking": THOUGHT, "content": TEXT, "tool_calls": CALL}


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    bodies: Sequence[JsonObject] = (
        lines_of(record.body) if record.streaming else [json.loads(record.body)]
    )
    if any("error" in body for body in bodies):
        return Failing(reason="the answer holds an error")
    messages: list[JsonObject] = [body["message"] for body in bodies]
    found: list[Any] = [call for message in messages for call in message.get("tool_calls") or ()]
    last = bodies[-1]
    finish = word_in(_REASONS, last.get("done_reason") or "stop")
    counts = Counts(taken=last.get("prompt_eval_count") or 0, given=last.get("eval_count") or 0)
    kinds = (kind for one in messages for field, kind in _KINDS.items() if one.get(field))
    return Reading(
        judge=PLAIN,
        text="".join(message.get("content") or "" for message in messages),
        thoughts="".join(message.get("thinking") or "" for message in messages),
        calls=tuple(
            Call(
                call_id=call.get("id") or "",
                name=call["function"]["name"],
                arguments=call["function"]["arguments"],
            )
            for call in found
        ),
        order=in_order(kinds),
        finish=FinishReason.TOOL_CALLS if found and finish is FinishReason.STOP else finish,
        counts=counts if any(counts) else None,
        model=bodies[0]["model"],
        logprobs=_logprobs(bodies) if record.request.get("logprobs") else None,
    )


def _logprobs(bodies: Sequence[JsonObject]) -> tuple[Logprob, ...]:
    return tuple(
        Logprob(
            token=one["token"],
            logprob=one["logprob"],
            others=tuple((o["token"], o["logprob"]) for o in one.get("top_logprobs") or ()),
        )
        for body in bodies
        for one in body.get("logprobs") or ()
    )
