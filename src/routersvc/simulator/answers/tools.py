"""Functions that a model may call, and its calls."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping


class ToolMode(enum.Enum):
    """Whether the model may, must or must not call tools."""

    NEVER = "never"
    AUTO = "auto"
    REQUIRED = "required"
    NAMED = "named"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolOffer:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    parameters: Mapping[str, object]


def tools_named(offers: Iterable[ToolOffer], name: str) -> tuple[ToolOffer, ...]:
    """Return the functions with this name."""
    return tuple(offer for offer in offers if offer.name == name)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A function call; `pieces` joined are its JSON arguments, one token each."""

    id: str
    name: str
    pieces: tuple[str, ...]
