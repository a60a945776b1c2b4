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

    `segments` are the parts of the path between slashes, decoded separately because a name may
    hold an encoded slash. `headers` are case-insensitive.
    """

    method: str
    path: str
    segments: tuple[str, ...] = ()
    query: Mapping[str, str] = dataclasses.field(default_factory=_nothing)
    headers: Mapping[str, str] = dataclasses.field(default_factory=_nothing)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelList:
    """A request for the model list."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """A request for the description of one model."""

    model: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A request for a completion.

    The fields are what some vendors put outside the body: the model, whether to stream, and the
    version of the API.
    """

    model: str | None = None
    streaming: bool | None = None
    version: str | None = None


Operation = ModelList | ModelCard | Completion


def bearer_token(head: RequestHead) -> str | None:
    """Return the bearer token of a request, if it has one."""
    scheme, _, token = head.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
