"""Authorises requests to providers: the interface, and the ways that need no vendor library.

    KeyAuthorisation            a key in a header
    TokenAuthorisation          a token that expires, in a header

Signatures over the whole request (`aws_signatures`) and the sources of tokens (`google_tokens`,
`azure_ad_tokens`) are separate modules, so that their libraries are loaded only where a provider
needs them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Protocol

from routersvc.domain.catalogue.secrets import Secret
from routersvc.providers.credentials.refreshing import Refreshing

CredentialSource = Callable[[], Secret]
"""Returns the credential that is valid now. Called for every attempt: quick, never blocking."""

Headers = Sequence[tuple[bytes, bytes]]
"""Headers as they are sent: names in lower case, in order."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingRequest:
    """A request as it will be sent, without authorisation. `url` is complete and encoded."""

    method: str
    url: str
    headers: Headers = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)


class Authorisation(Protocol):
    """Authorises requests with one credential."""

    async def headers_for(self, request: OutgoingRequest) -> Headers:
        """Return the headers to add to `request`, which must not change after this.

        Waits only while no valid credential is cached.

        Raises:
            AttemptFailedError: there is none (`AUTHENTICATION`), or its source
                cannot be reached (`CONNECT`).
        """
        ...

    def refused(self) -> None:
        """Report that the provider refused the credential. Does not block."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CredentialHeader:
    """The header that carries a credential, and the word that stands before it, if any."""

    name: str = "authorization"
    scheme: str = "Bearer"

    def __post_init__(self) -> None:
        if not self.name or not f"{self.name}{self.scheme}".isascii():
            raise ValueError("`name` is the name of a header, and `scheme` a word or empty")

    def carrying(self, secret: Secret) -> tuple[bytes, bytes]:
        """Return the header with a credential in it."""
        prefix = f"{self.scheme} " if self.scheme else ""
        return self.name.lower().encode("ascii"), (prefix + secret.reveal()).encode("latin-1")


BEARER = CredentialHeader()
"""RFC 6750, section 2.1: the header of all tokens and of most vendors' keys."""


class KeyAuthorisation:
    """A key in a header, read for every request."""

    def __init__(self, source: CredentialSource, header: CredentialHeader = BEARER) -> None:
        self._source = source
        self._header = header

    async def headers_for(self, request: OutgoingRequest) -> Headers:  # noqa: ARG002 - the port's
        """Return the header with the key that is valid now."""
        return (self._header.carrying(self._source()),)

    def refused(self) -> None:
        """Do nothing: there is no other key."""


class TokenAuthorisation:
    """A token that is refreshed before it expires."""

    def __init__(self, tokens: Refreshing[Secret], header: CredentialHeader = BEARER) -> None:
        self._tokens = tokens
        self._header = header

    async def headers_for(self, request: OutgoingRequest) -> Headers:  # noqa: ARG002 - the port's
        """Return the header with a valid token.

        Raises:
            AttemptFailedError: none can be obtained.
        """
        return (self._header.carrying(await self._tokens.current()),)

    def refused(self) -> None:
        """Fetch another token for later requests."""
        self._tokens.discard()
