"""Extracts from a prompt what classifiers read.

The last user turn has the most weight, then the instructions, then earlier turns. Of a long text
only head and tail are read: people state their request there, and the middle is material.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.messages import Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    FilePart,
    HostedPart,
    ImagePart,
    Modality,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoiceMode

ASKED_WINDOW = 700
"""Characters of head and of tail to read of the last user turn."""

INSTRUCTIONS_WINDOW = 768
EARLIER_WINDOW = 384
EARLIER_TURNS = 2
_PARTS = 4


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PromptReading:
    """The parts of a prompt that a classifier reads. `repr` shows no text.

    `asked` is the last user turn, `instructions` the system's, `earlier` the user's turns
    before; all are cut to head and tail. `asked_length` and `length` count the characters of
    the last turn and of everything. `stated_task` is the task that the caller stated.
    """

    asked: str = dataclasses.field(repr=False)
    instructions: str = dataclasses.field(repr=False)
    earlier: str = dataclasses.field(repr=False)
    asked_length: int
    length: int
    user_turns: int
    tools: int
    tool_choice: ToolChoiceMode | None
    tool_results: int
    modalities: frozenset[Modality]
    asked_modalities: frozenset[Modality]
    asks_for_schema: bool
    effort: ReasoningEffort | None
    input_tokens: int
    stated_task: Task | None = None


def texts_of(prompt: Prompt) -> Iterator[str]:
    """Yield all texts of a prompt that the model reads, in order."""
    for message in prompt.messages:
        for part in message.parts:
            yield from texts_of_part(part)
    yield from texts_of_fields(prompt)


def texts_of_fields(prompt: Prompt) -> Iterator[str]:
    """Yield the texts of a prompt that the model reads beside its messages, in order."""
    for tool in prompt.tools:
        match tool:
            case FunctionTool():
                yield tool.name
                yield tool.description
                yield tool.parameters_json_schema
            case HostedTool():
                yield tool.name
    if isinstance(prompt.response_format, JsonSchemaFormat):
        yield prompt.response_format.json_schema


def modality_of(part: Part) -> Modality:
    """Return the modality of a part."""
    match part:
        case ImagePart():
            return Modality.IMAGE
        case AudioPart():
            return Modality.AUDIO
        case FilePart():
            return Modality.FILE
        case _:
            return Modality.TEXT


def read(
    prompt: Prompt,
    *,
    length: int,
    input_tokens: int,
    modalities: frozenset[Modality],
    stated_task: Task | None = None,
) -> PromptReading:
    """Return the reading of a prompt whose texts have `length` characters in total."""
    users = [message for message in prompt.messages if message.role is Role.USER]
    # Without a user turn, the model answers the last message.
    asked = users[-1] if users else prompt.messages[-1]
    asked_texts = [text for part in asked.parts for text in texts_of_part(part)]
    instructions = [
        text
        for message in prompt.messages
        if message.role in {Role.SYSTEM, Role.DEVELOPER}
        for part in message.parts
        for text in texts_of_part(part)
    ]
    earlier = [
        text
        for message in users[:-1][-EARLIER_TURNS:]
        for part in message.parts
        for text in texts_of_part(part)
    ]
    return PromptReading(
        asked=_cut(asked_texts, ASKED_WINDOW),
        instructions=_cut(instructions, INSTRUCTIONS_WINDOW),
        earlier=_cut(earlier, EARLIER_WINDOW),
        asked_length=sum(map(len, asked_texts)),
        length=length,
        user_turns=len(users),
        tools=len(prompt.tools),
        tool_choice=None if prompt.tool_choice is None else prompt.tool_choice.mode,
        tool_results=sum(message.role is Role.TOOL for message in prompt.messages),
        modalities=modalities,
        asked_modalities=frozenset(
            modality_of(inner) for part in asked.parts for inner in with_inner_parts(part)
        ),
        asks_for_schema=prompt.response_format is not None,
        effort=prompt.reasoning.effort,
        input_tokens=input_tokens,
        stated_task=stated_task,
    )


def with_inner_parts(part: Part) -> Iterator[Part]:
    """Yield a part and those within it: the parts of a tool result."""
    yield part
    if isinstance(part, ToolResult):
        yield from part.parts


def texts_of_part(part: Part) -> Iterator[str]:
    """Yield the texts of a part that the model reads, in order."""
    match part:
        case TextPart() | RefusalPart() | ThoughtPart():
            yield part.text
        case ToolCall():
            yield part.name
            yield part.arguments_json
        case ToolResult():
            for inner in part.parts:
                yield from texts_of_part(inner)
        case AudioPart():
            yield part.transcript
        case FilePart():
            text = text_of_file(part)
            if text:
                yield text
        case HostedPart():
            yield part.activity.input_json
            yield part.activity.output
        case ImagePart():
            pass


def text_of_file(file: FilePart) -> str:
    """Return the text of a document sent by value as plain text, else an empty string."""
    if file.data is None or not file.media_type.startswith(_TEXT_MEDIA):
        return ""
    return file.data.decode("utf-8", "replace")


_TEXT_MEDIA = ("text/", "application/json", "application/xml", "application/yaml")


def _cut(texts: list[str], window: int) -> str:
    """Join texts, each and the whole cut to head and tail."""
    if len(texts) > 2 * _PARTS:
        texts = [*texts[:_PARTS], *texts[-_PARTS:]]
    return _ends("\n".join(_ends(text, window) for text in texts), window)


def _ends(text: str, window: int) -> str:
    return text if len(text) <= 2 * window else f"{text[:window]}\n{text[-window:]}"
