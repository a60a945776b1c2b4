"""Pieces of an answer, in the order in which they arrive."""

from __future__ import annotations

import dataclasses

from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import Modality


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TextDelta:
    """Text to append to the answer; not empty, unless it only carries log probabilities.

    `pieces` is how many pieces of the provider's arrived together and are joined here. `phase` is
    that of the part: text of another phase begins another part.
    """

    text: str = dataclasses.field(repr=False)
    logprobs: tuple[TokenLogprob, ...] = dataclasses.field(default=(), repr=False)
    pieces: int = dataclasses.field(default=1, compare=False, repr=False)
    phase: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RefusalDelta:
    """Text to append to the model's refusal."""

    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ThoughtDelta:
    """A piece of the model's thoughts; a `signature` ends a block of thought.

    `maker` names who made `signature` or `encrypted`.
    """

    text: str = dataclasses.field(default="", repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    encrypted: bytes = dataclasses.field(default=b"", repr=False)
    maker: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolCallDelta:
    """A piece of the tool call with this index; the first piece carries id and name.

    `maker` names who made the signature.
    """

    index: int
    call_id: str = ""
    name: str = ""
    arguments_json: str = dataclasses.field(default="", repr=False)
    signature: bytes = dataclasses.field(default=b"", repr=False)
    maker: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MediaDelta:
    """A piece of audio or of an image; pieces with the same `index` are one.

    A picture that stands elsewhere has its address (`url`) in place of `data`.
    """

    modality: Modality
    media_type: str
    index: int = 0
    url: str = dataclasses.field(default="", repr=False)
    data: bytes = dataclasses.field(default=b"", repr=False)
    transcript: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CitationDelta:
    """A source of the answer's text. Not content: no attempt commits on it."""

    citation: Citation


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostedDelta:
    """What a tool of the provider did; each activity comes whole."""

    activity: HostedActivity


ContentDelta = (
    TextDelta
    | RefusalDelta
    | ThoughtDelta
    | ToolCallDelta
    | MediaDelta
    | CitationDelta
    | HostedDelta
)


CONTENT_TYPES = (TextDelta, RefusalDelta, ThoughtDelta, ToolCallDelta, MediaDelta, HostedDelta)
"""The events that an attempt commits on, for `isinstance`."""
