"""What a model is asked: messages, tools, format and sampling, free of any wire format.

Mirrors `protos/llmrouter/v1/prompt.proto`. The gRPC edge validates input before it builds
these values, so they are not validated here. `repr` never shows text of a person.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from routersvc.domain.conversation.messages import Message
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.reasoning import Reasoning
from routersvc.domain.conversation.response_formats import ResponseFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice


class Verbosity(enum.Enum):
    """How detailed an answer should be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ServiceTier(enum.Enum):
    """A processing class at a provider."""

    FLEX = "flex"
    STANDARD = "standard"
    PRIORITY = "priority"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """Sampling and length of the answer; the model's defaults apply where a field is unset."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop_sequences: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    max_output_tokens: int | None = None
    logit_bias: Mapping[int, float] = dataclasses.field(default_factory=dict[int, float])


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AudioOutput:
    """Voice and format of audio output."""

    voice: str
    media_type: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WireExtension:
    """Extra fields for one wire format; `fields_json` is a JSON object."""

    wire_format: str
    fields_json: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Everything that is sent to the model that answers."""

    messages: tuple[Message, ...]
    tools: tuple[FunctionTool | HostedTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    reasoning: Reasoning = Reasoning()
    output_modalities: tuple[Modality, ...] = ()
    audio_output: AudioOutput | None = None
    logprobs: int | None = None
    verbosity: Verbosity | None = None
    predicted_output: str = dataclasses.field(default="", repr=False)
    end_user_id: str = dataclasses.field(default="", repr=False)
    prompt_cache_key: str = dataclasses.field(default="", repr=False)
    service_tier: ServiceTier | None = None
    wire_extensions: tuple[WireExtension, ...] = ()
