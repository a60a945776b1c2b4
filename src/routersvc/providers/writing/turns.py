"""What several formats share when they write messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import CacheLifetime, TextPart
from routersvc.providers.dialects import Dialect
from routersvc.providers.reading.json_values import JsonObject

SYSTEM_ROLES = frozenset({Role.SYSTEM, Role.DEVELOPER})

CACHE_LIFETIMES: Mapping[CacheLifetime, str | None] = MappingProxyType(
    {CacheLifetime.DEFAULT: None, CacheLifetime.SHORT: "5m", CacheLifetime.LONG: "1h"}
)
"""The `ttl` of a cache marker, `None` where it is left to the vendor."""


def leading_system_messages(messages: Sequence[Message]) -> int:
    """Return how many messages before the conversation are a system prompt."""
    return next(
        (at for at, message in enumerate(messages) if message.role not in SYSTEM_ROLES),
        len(messages),
    )


def is_blank(part: TextPart) -> bool:
    """Return whether a text is empty or white space only, which some vendors refuse."""
    return not part.text or part.text.isspace()


def refuse_prefill(messages: Sequence[Message], dialect: Dialect) -> None:
    """Refuse a conversation that ends with the beginning of the answer.

    Raises:
        AttemptFailedError: it does.
    """
    if messages[-1].role is Role.ASSISTANT:
        raise dialect.cannot_express("the beginning of the answer")


def shortest_content(content: list[JsonObject]) -> str | list[JsonObject]:
    """Return plain text where one piece of text is all there is: every vendor takes that."""
    if not content:
        return ""
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        text: str = content[0]["text"]
        return text
    return content


def refuse_names_and_cache_markers(message: Message, dialect: Dialect) -> None:
    """Refuse a message with a participant's name or a cache marker.

    Raises:
        AttemptFailedError: it has one.
    """
    if message.name:
        raise dialect.cannot_express("a participant's name")
    if any(part.cache is not None for part in message.parts):
        raise dialect.cannot_express("a cache marker")
