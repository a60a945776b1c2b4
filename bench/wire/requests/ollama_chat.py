"""Requests for Ollama's own chat in the contract's words."""

from __future__ import annotations

import base64
import json

from bench.wire.requests import Asked, JsonObject
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import ImagePart, Part, TextPart, ToolCall, ToolResult
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.response_formats import JsonObjectFormat


def call_of(body: JsonObject, *, streaming: bool) -> Asked:
    """Return what a request asks for.

    Raises:
        NotExpressibleError: the contract cannot say all of it.
    """
    body = plain(body, "")
    return Asked(
        prompt=_prompt(body), streaming=bool(body.get("stream", streaming)), model=body["model"]
    )


def _prompt(body: JsonObject) -> Prompt:
    messages: list[Message] = []
    names: list[str] = []
    for place, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            result = ToolResult(call_id=names.pop(0), parts=(TextPart(text=message["content"]),))
            messages.append(Message(role=Role.TOOL, parts=(result,)))
            continue
        parts: list[Part] = [TextPart(text=message["content"])] if message.get("content") else []
        parts += [
            ImagePart(data=base64.b64decode(image), media_type="image/png")
            for image in message.get("images") or ()
        ]
        for call in message.get("tool_calls") or ():
            function = call["function"]
            names.append(f"call-{place}")
            parts.append(
                ToolCall(
                    call_id=names[-1],
                    name=function["name"],
                    arguments_json=json.dumps(function["arguments"]),
                )
            )
        messages.append(Message(role=Role(message["role"]), parts=tuple(parts)))
    options: JsonObject = body.get("options") or {}
    more = {name: options[name] for name in options.keys() - {"temperature", "seed"}}
    return Prompt(
        messages=tuple(messages),
        response_format=JsonObjectFormat() if body.get("format") == "json" else None,
        sampling=Sampling(temperature=options.get("temperature"), seed=options.get("seed")),
        wire_extensions=(
            WireExtension(wire_format="ollama_chat", fields_json=json.dumps({"options": more})),
        )
        if more
        else (),
    )


def plain(body: JsonObject, provider: str) -> JsonObject:
    """Return a request without what its client left empty."""
    del provider  # there is one
    # A field of no effect: Ollama reads temperatures from `options` alone.
    body.pop("temperature", None)
    for message in body["messages"]:
        message.setdefault("content", "")
    return {name: value for name, value in body.items() if value not in (None, "", [], {})}


def without_new(encoded: JsonObject, recorded: JsonObject) -> JsonObject:
    """Return a request without the ids and names that the client of the record did not know."""
    for ours, theirs in zip(encoded["messages"], recorded["messages"], strict=True):
        for name in ("tool_call_id", "tool_name"):
            if name not in theirs:
                ours.pop(name, None)
        for call in ours.get("tool_calls") or ():
            call.pop("id")
    return encoded
