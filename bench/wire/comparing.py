"""Compares what an adapter read with an independent reading of the same bytes."""

from __future__ import annotations

import json

from bench.wire.readings import Reading
from routersvc.domain.conversation.assembly import Answer
from routersvc.domain.conversation.parts import (
    AudioPart,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
)


def differences(answer: Answer, reading: Reading) -> list[str]:
    """Return the differences, each as `what: read, expected`."""
    calls = [part for part in answer.parts if isinstance(part, ToolCall)]
    ids = [call.call_id for call in calls]
    found: dict[str, tuple[object, object]] = {
        "text": (_joined(answer, TextPart), reading.text),
        "thoughts": (_joined(answer, ThoughtPart), reading.thoughts),
        "refusal": (_joined(answer, RefusalPart), reading.refusal),
        "tool calls": (
            [(call.name, json.loads(call.arguments_json)) for call in calls],
            [(call.name, call.arguments) for call in reading.calls],
        ),
        "ids of tool calls": (
            ids,
            [call.call_id or made for call, made in zip(reading.calls, ids, strict=False)],
        ),
        "ids of tool calls differ from each other": (len({i for i in ids if i}), len(ids)),
        "media": (
            tuple(len(p.data or b"") for p in answer.parts if isinstance(p, ImagePart | AudioPart)),
            reading.media,
        ),
        "finish reason": (answer.finish.reason, reading.finish),
        "usage": (_usage(answer), reading.usage),
        "model": (answer.finish.model_version, reading.model),
    }
    where_told: dict[str, tuple[object, object]] = {
        "signatures": (_signatures(answer), reading.signatures),
        "sealed thoughts": (_sealed(answer), reading.sealed),
        "cached tokens": (_cached(answer), reading.cached),
    }
    found |= {what: pair for what, pair in where_told.items() if pair[1] is not None}
    return [
        f"{what}: {_short(ours)}, not {_short(theirs)}"
        for what, (ours, theirs) in found.items()
        if ours != theirs
    ]


def _joined(answer: Answer, kind: type[TextPart | ThoughtPart | RefusalPart]) -> str:
    return "".join(part.text for part in answer.parts if isinstance(part, kind))


def _usage(answer: Answer) -> tuple[int, int, int] | None:
    usage = answer.usage
    if usage is None:
        return None
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens


def _signatures(answer: Answer) -> tuple[str, ...]:
    """Return the vendor's signatures, without the adapter's envelope."""
    signed = (part.signature for part in answer.parts if isinstance(part, ThoughtPart | ToolCall))
    return tuple(
        sorted(
            one.rpartition(b":")[2].decode() for one in signed if one and not one.startswith(b"{")
        )
    )


def _sealed(answer: Answer) -> tuple[str, ...]:
    found: list[str] = []
    for part in answer.parts:
        if isinstance(part, ThoughtPart) and part.encrypted.startswith(b"{"):
            block = json.loads(part.encrypted)
            found.append(block.get("type") or next(iter(block)))
        elif isinstance(part, ThoughtPart) and part.encrypted:
            found.append(part.encrypted.decode("latin-1"))
    return tuple(found)


def _cached(answer: Answer) -> tuple[int, int] | None:
    usage = answer.usage
    return None if usage is None else (usage.cached_input_tokens, usage.cache_write_tokens)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line of the report
