"""One message of a conversation."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.conversation.parts import Part


class Role(enum.Enum):
    """The author of a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    parts: tuple[Part, ...]
    name: str = ""
