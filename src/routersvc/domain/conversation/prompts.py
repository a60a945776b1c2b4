"""What a model is asked: messages, tools, format and sampling, free of any wire format.

Mirrors `protos/llmrouter/v1/prompt.proto`. The edge checks a caller's input by name
before it builds these values, so they hold what a provider can be asked, and no more
checks are made here. No `repr` shows what a person wrote.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping


class Role(enum.Enum):
    """Who speaks in a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Modality(enum.Enum):
    """A kind of content."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"
    VIDEO = "video"


class ImageDetail(enum.Enum):
    """How closely a model looks at a picture."""

    LOW = "low"
    HIGH = "high"


class CacheLifetime(enum.Enum):
    """How long a provider keeps a marked prefix of the prompt."""

    DEFAULT = "default"
    SHORT = "short"
    LONG = "long"


class ToolChoiceMode(enum.Enum):
    """How free the model is to call tools."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    FUNCTION = "function"


class ReasoningEffort(enum.Enum):
    """How much a model thinks before it answers."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    MAXIMUM = "maximum"


class ReasoningVisibility(enum.Enum):
    """What of a model's thoughts the answer carries."""

    HIDDEN = "hidden"
    SUMMARY = "summary"
    FULL = "full"


class Verbosity(enum.Enum):
    """How long-winded an answer should be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ServiceTier(enum.Enum):
    """A processing class at a provider."""

    FLEX = "flex"
    STANDARD = "standard"
    PRIORITY = "priority"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Plain text."""

    text: str = dataclasses.field(repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A picture, by address (`url`) or by value (`data`): exactly one is set."""

    url: str | None = dataclasses.field(default=None, repr=False)
    data: bytes | None = dataclasses.field(default=None, repr=False)
    media_type: str = ""
    detail: ImageDetail | None = None
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """Sound, with its transcript where that is known."""

    data: bytes = dataclasses.field(repr=False)
    media_type: str
    transcript: str = dataclasses.field(default="", repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A document, by address, by value or by a provider's id: exactly one is set."""

    url: str | None = dataclasses.field(default=None, repr=False)
    data: bytes | None = dataclasses.field(default=None, repr=False)
    file_id: str | None = None
    media_type: str = ""
    name: str = dataclasses.field(default="", repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A call of a tool by the model; `arguments_json` is what the model wrote, unparsed."""

    call_id: str
    name: str
    arguments_json: str = dataclasses.field(repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolResult:
    """What a tool returned for the call with `call_id`."""

    call_id: str
    parts: tuple[Text | Image | File, ...] = dataclasses.field(repr=False)
    is_error: bool = False
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Thought:
    """What a model thought, with the provider's proof that must be sent back unchanged."""

    text: str = dataclasses.field(default="", repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    encrypted: bytes = dataclasses.field(default=b"", repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """The model's own words of refusal."""

    text: str = dataclasses.field(repr=False)
    cache: CacheLifetime | None = None


Part = Text | Image | Audio | File | ToolCall | ToolResult | Thought | Refusal


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    parts: tuple[Part, ...]
    name: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FunctionTool:
    """A function that the caller runs; `parameters_json_schema` is JSON text or empty."""

    name: str
    description: str = dataclasses.field(default="", repr=False)
    parameters_json_schema: str = dataclasses.field(default="", repr=False)
    strict: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostedTool:
    """A tool that the provider runs; `settings_json` is JSON text or empty."""

    name: str
    settings_json: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolChoice:
    """Whether and which tool the model must call; `function_name` with mode FUNCTION only."""

    mode: ToolChoiceMode = ToolChoiceMode.AUTO
    function_name: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class JsonObjectFormat:
    """Any JSON object."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class JsonSchemaFormat:
    """JSON that obeys `json_schema`, which is JSON text."""

    name: str
    json_schema: str = dataclasses.field(repr=False)
    description: str = dataclasses.field(default="", repr=False)
    strict: bool | None = None


ResponseFormat = JsonObjectFormat | JsonSchemaFormat


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How the answer is sampled and where it ends; unset fields are the model's defaults."""

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
class Reasoning:
    """How much the model thinks and how much of that is shown; unset is the model's default."""

    effort: ReasoningEffort | None = None
    max_tokens: int | None = None
    visibility: ReasoningVisibility | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AudioOutput:
    """How spoken output sounds."""

    voice: str
    media_type: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WireExtension:
    """Fields of one wire format that the contract does not know; `fields_json` is an object."""

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
