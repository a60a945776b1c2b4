"""Which operation a request line and its headers ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequestHead:
    """A request without its body.

    `segments` are the parts of the path between slashes, each decoded by itself: a name
    may hold an encoded slash. `headers` are found whatever the case of their names.
    """

    method: str
    path: str
    segments: tuple[str, ...] = ()
    query: Mapping[str, str] = dataclasses.field(default_factory=_nothing)
    headers: Mapping[str, str] = dataclasses.field(default_factory=_nothing)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelList:
    """The client asks which models there are."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """The client asks about one model."""

    model: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """The client asks for a completion.

    What some vendors say beside the body: of which model, whether as a stream, and by which
    version of the API.
    """

    model: str | None = None
    streaming: bool | None = None
    version: str | None = None


Operation = ModelList | ModelCard | Completion


def bearer_token(head: RequestHead) -> str | None:
    """Return the token of a request that authenticates itself with `Bearer`, if it does."""
    scheme, _, token = head.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
