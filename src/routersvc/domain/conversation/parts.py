"""The parts of a message: text, media, thoughts, refusals, calls of tools and their results."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.hosted_activities import HostedActivity


class Modality(enum.Enum):
    """A kind of content."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"
    VIDEO = "video"


class ImageDetail(enum.Enum):
    """The resolution at which a model processes an image."""

    LOW = "low"
    HIGH = "high"


class CacheLifetime(enum.Enum):
    """How long a provider keeps a marked prefix of the prompt."""

    DEFAULT = "default"
    SHORT = "short"
    LONG = "long"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TextPart:
    """Plain text, in an answer with the sources that it cites.

    `phase` is the provider's name for what the text is to the answer, as `commentary`.
    """

    text: str = dataclasses.field(repr=False)
    cache: CacheLifetime | None = None
    citations: tuple[Citation, ...] = ()
    phase: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ImagePart:
    """An image, by address (`url`) or by value (`data`): exactly one is set."""

    url: str | None = dataclasses.field(default=None, repr=False)
    data: bytes | None = dataclasses.field(default=None, repr=False)
    media_type: str = ""
    detail: ImageDetail | None = None
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AudioPart:
    """Audio, with its transcript if known."""

    data: bytes = dataclasses.field(repr=False)
    media_type: str
    transcript: str = dataclasses.field(default="", repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FilePart:
    """A document, by address, by value or by a provider's id: exactly one is set."""

    url: str | None = dataclasses.field(default=None, repr=False)
    data: bytes | None = dataclasses.field(default=None, repr=False)
    file_id: str | None = None
    media_type: str = ""
    name: str = dataclasses.field(default="", repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A call of a tool by the model; `arguments_json` is what the model wrote, unparsed.

    `maker` names who made the signature, empty where that is not known.
    """

    call_id: str
    name: str
    arguments_json: str = dataclasses.field(repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    maker: str = ""
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolResult:
    """What a tool returned for the call with `call_id`."""

    call_id: str
    parts: tuple[TextPart | ImagePart | FilePart, ...] = dataclasses.field(repr=False)
    is_error: bool = False
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ThoughtPart:
    """A thought of the model, with the provider's signature, which must be sent back unchanged.

    `maker` names who made `signature` or `encrypted`, empty where that is not known.
    """

    text: str = dataclasses.field(default="", repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    encrypted: bytes = dataclasses.field(default=b"", repr=False)
    maker: str = ""
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RefusalPart:
    """The text with which the model refused."""

    text: str = dataclasses.field(repr=False)
    cache: CacheLifetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostedPart:
    """What a tool of the provider did."""

    activity: HostedActivity
    cache: CacheLifetime | None = None


Part = (
    TextPart
    | ImagePart
    | AudioPart
    | FilePart
    | ToolCall
    | ToolResult
    | ThoughtPart
    | RefusalPart
    | HostedPart
)
