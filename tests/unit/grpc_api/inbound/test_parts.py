"""What is wrong with a message or its parts is named by its exact path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.wording import Wording

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service

Change = Callable[[p.Prompt], object]
ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def say(prompt: p.Prompt, role: p.Role.ValueType, *parts: p.Part) -> None:
    """Add a message."""
    prompt.messages.add(role=role, parts=parts)


CASES: dict[str, tuple[Change, str]] = {
    "role unset": (
        lambda it: it.messages.add(parts=[p.Part(text="Hi")]),
        "prompt.messages[1].role",
    ),
    "role unknown": (
        lambda it: it.messages.add(role=UNKNOWN, parts=[p.Part(text="Hi")]),
        "prompt.messages[1].role",
    ),
    "no parts": (
        lambda it: it.messages.add(role=p.ROLE_USER),
        "prompt.messages[1].parts",
    ),
    "name too long": (
        lambda it: it.messages.add(role=p.ROLE_USER, name="ä" * 33, parts=[p.Part(text="Hi")]),
        "prompt.messages[1].name",
    ),
    "phase too long": (
        lambda it: say(it, p.ROLE_ASSISTANT, p.Part(text="Hi", phase="ä" * 129)),
        "prompt.messages[1].parts[0].phase",
    ),
    "phase of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(text="Hi", phase="commentary")),
        "prompt.messages[1].parts[0].phase",
    ),
    "phase of a refusal": (
        lambda it: say(it, p.ROLE_ASSISTANT, p.Part(refusal="No", phase="commentary")),
        "prompt.messages[1].parts[0].phase",
    ),
    "part without content": (
        lambda it: say(it, p.ROLE_USER, p.Part(text="Hi"), p.Part()),
        "prompt.messages[1].parts[1]",
    ),
    "empty text": (
        lambda it: say(it, p.ROLE_USER, p.Part(text="")),
        "prompt.messages[1].parts[0].text",
    ),
    "cache marker unknown": (
        lambda it: say(
            it,
            p.ROLE_USER,
            p.Part(text="Hi", cache_marker=p.PromptCacheMarker(lifetime=UNKNOWN)),
        ),
        "prompt.messages[1].parts[0].cache_marker.lifetime",
    ),
    "image without source": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(media_type="image/png"))),
        "prompt.messages[1].parts[0].image",
    ),
    "image by http": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(url="http://pictures.test/1.png"))),
        "prompt.messages[1].parts[0].image.url",
    ),
    "image without host": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(url="https:///1.png"))),
        "prompt.messages[1].parts[0].image.url",
    ),
    "image data empty": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(data=b"", media_type="image/png"))),
        "prompt.messages[1].parts[0].image.data",
    ),
    "image data without media type": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(data=b"picture"))),
        "prompt.messages[1].parts[0].image.media_type",
    ),
    "image media type wrong": (
        lambda it: say(it, p.ROLE_USER, p.Part(image=p.Image(data=b"picture", media_type="png"))),
        "prompt.messages[1].parts[0].image.media_type",
    ),
    "image detail unknown": (
        lambda it: say(
            it,
            p.ROLE_USER,
            p.Part(image=p.Image(url="https://pictures.test/1.png", detail=UNKNOWN)),
        ),
        "prompt.messages[1].parts[0].image.detail",
    ),
    "audio empty": (
        lambda it: say(it, p.ROLE_USER, p.Part(audio=p.Audio(media_type="audio/wav"))),
        "prompt.messages[1].parts[0].audio.data",
    ),
    "audio without media type": (
        lambda it: say(it, p.ROLE_USER, p.Part(audio=p.Audio(data=b"sound"))),
        "prompt.messages[1].parts[0].audio.media_type",
    ),
    "file without source": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(name="1.pdf"))),
        "prompt.messages[1].parts[0].file",
    ),
    "file by data address": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(url="data:application/pdf,1"))),
        "prompt.messages[1].parts[0].file.url",
    ),
    "file data empty": (
        lambda it: say(
            it, p.ROLE_USER, p.Part(file=p.File(data=b"", media_type="application/pdf"))
        ),
        "prompt.messages[1].parts[0].file.data",
    ),
    "file data without media type": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(data=b"paper"))),
        "prompt.messages[1].parts[0].file.media_type",
    ),
    "file id empty": (
        lambda it: say(it, p.ROLE_USER, p.Part(file=p.File(file_id=""))),
        "prompt.messages[1].parts[0].file.file_id",
    ),
    "tool call of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(tool_call=p.ToolCall(id="1", name="look"))),
        "prompt.messages[1].parts[0].tool_call",
    ),
    "thought of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(reasoning=p.ReasoningContent(text="Hm"))),
        "prompt.messages[1].parts[0].reasoning",
    ),
    "refusal of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(refusal="No")),
        "prompt.messages[1].parts[0].refusal",
    ),
    "tool call without id": (
        lambda it: say(it, p.ROLE_ASSISTANT, p.Part(tool_call=p.ToolCall(name="look"))),
        "prompt.messages[1].parts[0].tool_call.id",
    ),
    "tool call without name": (
        lambda it: say(it, p.ROLE_ASSISTANT, p.Part(tool_call=p.ToolCall(id="1"))),
        "prompt.messages[1].parts[0].tool_call.name",
    ),
    "tool result of a user": (
        lambda it: say(it, p.ROLE_USER, p.Part(tool_result=p.ToolResult(tool_call_id="1"))),
        "prompt.messages[1].parts[0].tool_result",
    ),
    "text of a tool": (
        lambda it: say(it, p.ROLE_TOOL, p.Part(text="Rain")),
        "prompt.messages[1].parts[0].text",
    ),
    "tool result without id": (
        lambda it: say(it, p.ROLE_TOOL, p.Part(tool_result=p.ToolResult())),
        "prompt.messages[1].parts[0].tool_result.tool_call_id",
    ),
    "tool result without content": (
        lambda it: say(
            it, p.ROLE_TOOL, p.Part(tool_result=p.ToolResult(tool_call_id="1", parts=[p.Part()]))
        ),
        "prompt.messages[1].parts[0].tool_result.parts[0]",
    ),
    "tool result with sound": (
        lambda it: say(
            it,
            p.ROLE_TOOL,
            p.Part(tool_result=p.ToolResult(tool_call_id="1", parts=[p.Part(audio=p.Audio())])),
        ),
        "prompt.messages[1].parts[0].tool_result.parts[0].audio",
    ),
    "tool result with empty text": (
        lambda it: say(
            it,
            p.ROLE_TOOL,
            p.Part(tool_result=p.ToolResult(tool_call_id="1", parts=[p.Part(text="")])),
        ),
        "prompt.messages[1].parts[0].tool_result.parts[0].text",
    ),
}


@pytest.mark.parametrize(("change", "field"), CASES.values(), ids=CASES)
def test_wrong_message_is_refused_by_name(
    change: Change,
    field: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
    wording: Wording,
) -> None:
    """The caller hears which field it is and what is right."""
    change(hello.prompt)

    ((found, description),) = violations_of(hello)
    assert found == field
    wording(description)
