"""The interface of a wire format: writes the request of an attempt and reads its answer.

A wire format is pure: it holds no socket and no clock, so that it can be tested on recorded bytes,
split anywhere. `JsonWireFormat` implements it for all formats; `http` holds the sockets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Protocol

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.outcomes.failures import Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import CredentialHeader


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WireRequest:
    """One HTTP request, without credentials. `path` is appended to the provider's base URL."""

    method: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = dataclasses.field(default=b"", repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ResponseHead:
    """What precedes a response's body. Header names are lower case; `received_at` is Unix time."""

    status: int
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    received_at: float

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty if the response has none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class AnswerDecoder(Protocol):
    """Reads one answer as its bytes arrive. How the bytes are split changes no event."""

    @property
    def failure(self) -> Failure | None:
        """The failure that stopped reading, if any. Events returned before it remain valid."""
        ...

    @property
    def may_end(self) -> bool:
        """Whether the answer is complete although neither terminator nor end of body has come.

        `end` then returns the last events.
        """
        ...

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes, `Finished` last where the answer is complete."""
        ...

    def end(self) -> list[AnswerEvent]:
        """Return the last events; called at the end of the body, or a while after `may_end`.

        Raises:
            AttemptFailedError: the answer is not complete, or `failure` was met before.
        """
        ...


class WireFormat(Protocol):
    """One wire format as one vendor speaks it."""

    @property
    def name(self) -> str:
        """The format's name in the configuration and in `WireExtension.wire_format`."""
        ...

    @property
    def expressible(self) -> frozenset[Capability]:
        """What a request in this format can ask for at this vendor."""
        ...

    @property
    def credential_header(self) -> CredentialHeader:
        """The header that carries an API key, unless the configuration names another."""
        ...

    def encoding(self, call: AttemptCall) -> Steps[WireRequest]:
        """Write the request for an attempt, in steps where it is long.

        Raises:
            AttemptFailedError: the format cannot express the prompt. Nothing is left out.
        """
        ...

    def encode(self, call: AttemptCall) -> WireRequest:
        """Do what `encoding` does, at once."""
        ...

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for the body of a successful response (2xx)."""
        ...

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return the failure that another response means. `body` may be cut; it is never quoted."""
        ...

    def probe(self) -> WireRequest:
        """Return a request that is not billed and shows that provider and credential work."""
        ...
