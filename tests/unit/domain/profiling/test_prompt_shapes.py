"""A prompt is reduced to what a wire format may be unable to express."""

from __future__ import annotations

import dataclasses

import pytest

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    FilePart,
    ImagePart,
    Part,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.conversation.tools import FunctionTool, HostedTool
from routersvc.domain.profiling.prompt_shapes import shape_of

CALL = ToolCall(call_id="1", name="f", arguments_json='{"a":1}')
PLAIN = (
    Message(role=Role.SYSTEM, parts=(TextPart(text="s"),)),
    Message(role=Role.USER, parts=(TextPart(text="q"),)),
    Message(role=Role.ASSISTANT, parts=(ThoughtPart(text="t"), CALL)),
    Message(role=Role.TOOL, parts=(ToolResult(call_id="1", parts=(TextPart(text="r"),)),)),
    Message(role=Role.USER, parts=(TextPart(text="last"),)),
)


def asking(part: Part) -> Prompt:
    """Return a plain conversation in which the user once sends `part`."""
    return Prompt(messages=(Message(role=Role.USER, parts=(part,)), *PLAIN[2:]))


def test_plain_conversation_needs_no_format_to_be_asked() -> None:
    """It is what every format can express that has the capabilities."""
    tools = (FunctionTool(name="f", parameters_json_schema='{"type":"object"}'),)

    assert shape_of(Prompt(messages=PLAIN, tools=tools, sampling=Sampling(temperature=1.0))) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"end_user_id": "u"},
        {"prompt_cache_key": "k"},
        {"sampling": Sampling(temperature=1.5)},
        {"sampling": Sampling(stop_sequences=tuple("abcde"))},
        {"sampling": Sampling(max_output_tokens=4)},
        {"reasoning": Reasoning(effort=ReasoningEffort.LOW)},
        {"tools": (HostedTool(name="web_search"),)},
    ],
)
def test_unusual_fields_are_asked_about_without_the_conversation(
    fields: dict[str, object],
) -> None:
    """One message is enough: the last, which says who speaks next."""
    prompt = dataclasses.replace(Prompt(messages=PLAIN), **fields)  # type: ignore[arg-type]

    shape = shape_of(prompt)

    assert shape is not None
    assert shape.messages == PLAIN[-1:]


@pytest.mark.parametrize(
    ("part", "bare"),
    [
        (ImagePart(url="https://a/b.png"), ImagePart(url="https://a/b.png")),
        (
            ImagePart(data=b"content", media_type="image/png"),
            ImagePart(data=b"-", media_type="image/png"),
        ),
        (
            ImagePart(url="data:image/png;base64,Y29udGVudA=="),
            ImagePart(url="data:image/png;base64,LQ=="),
        ),
        (FilePart(file_id="f"), FilePart(file_id="f")),
        (
            TextPart(text="x", cache=CacheLifetime.LONG),
            TextPart(text="x", cache=CacheLifetime.LONG),
        ),
    ],
)
def test_unusual_parts_are_kept_without_their_content(part: Part, bare: Part) -> None:
    """Megabytes of a picture say nothing about whether a picture can be sent."""
    shape = shape_of(asking(part))

    assert shape is not None
    assert [message.parts for message in shape.messages] == [(bare,), PLAIN[-1].parts]


def test_unusual_results_keep_the_calls_that_they_answer() -> None:
    """Some formats refuse the result of a call that the conversation does not hold."""
    picture = ImagePart(data=b"content", media_type="image/png")
    result = Message(role=Role.TOOL, parts=(ToolResult(call_id="1", parts=(picture,)),))
    prompt = Prompt(messages=(*PLAIN[:3], result, PLAIN[-1]))

    shape = shape_of(prompt)

    assert shape is not None
    assert [message.role for message in shape.messages] == [
        Role.SYSTEM,
        Role.ASSISTANT,
        Role.TOOL,
        Role.USER,
    ]
