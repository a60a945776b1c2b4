"""The shape of a prompt: what of it a wire format may be unable to express.

Capabilities say what a vendor has; a format may still lack a form of it: a picture by its address,
a temperature above 1, a name beside a role. Each format answers by writing the request. What it is
given is small: the parts on which the answer depends, without their content. Requests in which
nothing is unusual are not asked about.
"""

from __future__ import annotations

import dataclasses

from routersvc.domain.conversation.messages import Message, Role
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
from routersvc.domain.conversation.reasoning import Reasoning
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool

_LEAST_OUTPUT_TOKENS = 16
_MOST_TEMPERATURE = 1.0
_MOST_STOP_SEQUENCES = 4
"""What every format with the capability takes."""

_TEXTS = (TextPart, RefusalPart, ThoughtPart, ToolCall, HostedPart)


def shape_of(prompt: Prompt) -> Prompt | None:
    """Return what of a prompt a format may be unable to express; `None` if there is nothing."""
    if not prompt.messages:
        # Kept of a past request: nothing of it is written any more.
        return None
    unusual = [message for message in prompt.messages if _is_unusual(message)]
    if not (unusual or _has_unusual_fields(prompt)):
        return None
    if any(message.role is Role.TOOL for message in unusual):
        kept = [it for it in prompt.messages if _is_unusual(it) or it.role is not Role.USER]
    else:
        kept = unusual
    last = prompt.messages[-1]
    if not kept or kept[-1] is not last:
        kept.append(last)
    response_format = prompt.response_format
    if isinstance(response_format, JsonSchemaFormat):
        response_format = dataclasses.replace(response_format, json_schema="{}")
    return dataclasses.replace(
        prompt,
        messages=tuple(_without_content(message) for message in kept),
        tools=tuple(
            FunctionTool(name=tool.name) if isinstance(tool, FunctionTool) else tool
            for tool in prompt.tools
        ),
        response_format=response_format,
    )


def _has_unusual_fields(prompt: Prompt) -> bool:
    sampling = prompt.sampling
    return (
        bool(prompt.end_user_id or prompt.prompt_cache_key or prompt.wire_extensions)
        or prompt.service_tier is not None
        or prompt.reasoning != _DEFAULT_REASONING
        or any(modality is not Modality.TEXT for modality in prompt.output_modalities)
        or (sampling.temperature or 0.0) > _MOST_TEMPERATURE
        or len(sampling.stop_sequences) > _MOST_STOP_SEQUENCES
        or (sampling.max_output_tokens or _LEAST_OUTPUT_TOKENS) < _LEAST_OUTPUT_TOKENS
        or any(not isinstance(tool, FunctionTool) for tool in prompt.tools)
    )


_DEFAULT_REASONING = Reasoning()


def _is_unusual(message: Message) -> bool:
    return bool(message.name) or any(_is_unusual_part(part) for part in message.parts)


def _is_unusual_part(part: Part) -> bool:
    if part.cache is not None:
        return True
    if isinstance(part, ToolResult):
        return any(not isinstance(it, TextPart) or it.cache is not None for it in part.parts)
    return not isinstance(part, _TEXTS)


def _without_content(message: Message) -> Message:
    # What a tool of a provider did goes to its maker alone, in whose form it is.
    kept = (part for part in message.parts if not isinstance(part, HostedPart))
    return dataclasses.replace(message, parts=tuple(map(_bare, kept)))


def _bare(part: Part) -> Part:
    match part:
        case ImagePart() | FilePart():
            return _bare_media(part)
        case AudioPart():
            return dataclasses.replace(part, data=b"-")
        case ToolCall():
            return dataclasses.replace(part, arguments_json="{}")
        case ToolResult():
            pieces = tuple(
                piece if isinstance(piece, TextPart) else _bare_media(piece) for piece in part.parts
            )
            return dataclasses.replace(part, parts=pieces)
        case _:
            return part


def _bare_media(part: ImagePart | FilePart) -> ImagePart | FilePart:
    """Return a part without the bytes of its content, also where they stand in its address."""
    if part.data is not None:
        return dataclasses.replace(part, data=b"-")
    url = part.url
    if url is not None and url[:5].lower() == "data:":
        header = url.partition(",")[0]
        return dataclasses.replace(part, url=f"{header},LQ==")
    return part
