"""What is wrong with a message or its parts is named by its exact path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service

Change = Callable[[p.Prompt], object]
ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def say(prompt: p.Prompt, role: p.Role.ValueType, *parts: p.Part) -> None:
    """Add a message."""
    prompt.messages.add(role=role, parts=parts)


CASES: dict[str, tuple[Change, str, str]] = {
    "role unset": (
        lambda it: it.messages.add(parts=[p.Part(text="Hi")]),
        "prompt.messages[1].role",
        "must be set",
    ),
    "role unknown": (
        lambda it: it.messages.add(role=UNKNOWN, parts=[p.Part(text="Hi")]),
        "prompt.messages[1].role",
        "99 is not a value that this version knows",
    ),
    "no parts": (
        lambda it: it.messages.add(role=p.ROLE_USER),
        "prompt.messages[1].parts",
        "must hold at least one part",
    ),
    "name too long": (
        lambda it: it.messages.add(role=p.ROLE_USER, name="ä" * 33, parts=[p.Part(text="Hi")]),
        "prompt.messages[1].name",
        "must have at most 64 bytes",
    ),
    "part without content": (
        lambda it: say(it, p.ROLE_USER, p.Part(text="Hi"), p.Part()),
        "prompt.messages[1].parts[1]",
        "must hold exactly one content",
    ),
    "empty text": (
        lambda it: say(it, p.ROLE_USER, p.Part(text="")),
        "prompt.messages[1].parts[0].text",
        "must not be empty",
    ),
    "cache marker unknown": (
        lambda it: say(
            it,
            p.ROLE_USER,
            p.Part(text="Hi", cache_marker=p.PromptCacheMarker(lifetime=UNKNOWN)),
        ),
        "prompt.messages[1].parts[0].cache_marker.lifetime",
        "99 is not a value that this version knows",
    ),
    "image without source": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(media_type="image/png"))),
        "prompt.messages[1].parts[0].image",
        "must hold a url or data",
    ),
    "image by http": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(url="http://pictures.test/1.png"))),
        "prompt.messages[1].parts[0].image.url",
        "must be an `https://` or a `data:` address",
    ),
    "image without host": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(url="https:///1.png"))),
        "prompt.messages[1].parts[0].image.url",
        "must be an `https://` or a `data:` address",
    ),
    "image data empty": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(data=b"", media_type="image/png"))),
        "prompt.messages[1].parts[0].image.data",
        "must not be empty",
    ),
    "image data without media type": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(data=b"picture"))),
        "prompt.messages[1].parts[0].image.media_type",
        "must name the media type, for example `image/png`",
    ),
    "image media type wrong": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(data=b"picture", media_type="png"))),
        "prompt.messages[1].parts[0].image.media_type",
        "must have the form `type/subtype`, for example `image/png`",
    ),
    "image detail unknown": (
        lambda it: say(
            it,
            p.ROLE_USER,
            p.Part(image=p.Image(url="https://pictures.test/1.png", detail=UNKNOWN)),
        ),
        "prompt.messages[1].parts[0].image.detail",
        "99 is not a value that this version knows",
    ),
    "audio empty": (
        lambda it: say(it, p.ROLE_USER, p.Part(audio=p.Audio(media_type="audio/wav"))),
        "prompt.messages[1].parts[0].audio.data",
        "must not be empty",
    ),
    "audio without media type": (
        lambda it: say(it, p.ROLE_USER, p.Part(audio=p.Audio(data=b"sound"))),
        "prompt.messages[1].parts[0].audio.media_type",
        "must name the media type, for example `image/png`",
    ),
    "file without source": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(name="1.pdf"))),
        "prompt.messages[1].parts[0].file",
        "must hold a url, data or a file_id",
    ),
    "file by data address": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(url="data:application/pdf,1"))),
        "prompt.messages[1].parts[0].file.url",
        "must be an `https://` address",
    ),
    "file data empty": (
        lambda it: say(
            it, p.ROLE_USER, p.Part(file=p.File(data=b"", media_type="application/pdf"))
        ),
        "prompt.messages[1].parts[0].file.data",
        "must not be empty",
    ),
    "file data without media type": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(data=b"paper"))),
        "prompt.messages[1].parts[0].file.media_type",
        "must name the media type, for example `image/png`",
    ),
    "file id empty": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(file_id=""))),
        "prompt.messages[1].parts[0].file.file_id",
        "must not be empty",
    ),
    "tool call of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(tool_call=p.ToolCall(id="1", name="look"))),
        "prompt.messages[1].parts[0].tool_call",
        "stands in assistant messages only",
    ),
    "thought of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(reasoning=p.ReasoningContent(text="Hm"))),
        "prompt.messages[1].parts[0].reasoning",
        "stands in assistant messages only",
    ),
    "refusal of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(refusal="No")),
        "prompt.messages[1].parts[0].refusal",
        "stands in assistant messages only",
    ),
    "tool call without id": (
        lambda it: say(it, p.ROLE_ASSISTANT, p.Part(tool_call=p.ToolCall(name="look"))),
        "prompt.messages[1].parts[0].tool_call.id",
        "must not be empty",
    ),
    "tool call without name": (
        lambda it: say(it, p.ROLE_ASSISTANT, p.Part(tool_call=p.ToolCall(id="1"))),
        "prompt.messages[1].parts[0].tool_call.name",
        "must not be empty",
    ),
    "tool result of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(tool_result=p.ToolResult(tool_call_id="1"))),
        "prompt.messages[1].parts[0].tool_result",
        "stands in tool messages only",
    ),
    "text of a tool": (
        lambda it: say(it, p.ROLE_TOOL, p.Part(text="Rain")),
        "prompt.messages[1].parts[0].text",
        "does not stand in a tool message: it holds results only",
    ),
    "tool result without id": (
        lambda it: say(it, p.ROLE_TOOL, p.Part(tool_result=p.ToolResult())),
        "prompt.messages[1].parts[0].tool_result.tool_call_id",
        "must not be empty",
    ),
    "tool result without content": (
        lambda it: say(
            it, p.ROLE_TOOL, p.Part(tool_result=p.ToolResult(tool_call_id="1", parts=[p.Part()]))
        ),
        "prompt.messages[1].parts[0].tool_result.parts[0]",
        "must hold exactly one content",
    ),
    "tool result with sound": (
        lambda it: say(
            it,
            p.ROLE_TOOL,
            p.Part(tool_result=p.ToolResult(tool_call_id="1", parts=[p.Part(audio=p.Audio())])),
        ),
        "prompt.messages[1].parts[0].tool_result.parts[0].audio",
        "does not stand in a tool result",
    ),
    "tool result with empty text": (
        lambda it: say(
            it,
            p.ROLE_TOOL,
            p.Part(tool_result=p.ToolResult(tool_call_id="1", parts=[p.Part(text="")])),
        ),
        "prompt.messages[1].parts[0].tool_result.parts[0].text",
        "must not be empty",
    ),
}


@pytest.mark.parametrize(("change", "field", "description"), CASES.values(), ids=CASES)
def test_wrong_message_is_refused_by_name(
    change: Change,
    field: str,
    description: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
) -> None:
    """The caller hears which field it is and what is right."""
    change(hello.prompt)

    assert violations_of(hello) == [(field, description)]
