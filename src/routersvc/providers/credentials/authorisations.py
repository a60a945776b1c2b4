"""What lets requests in at a provider: the port, and the ways that need no vendor's library.

    KeyAuthorisation            a key in a header
    TokenAuthorisation          a token that expires, in a header

Signatures over the whole request (`aws_signatures`) and the sources of tokens (`google_tokens`,
`azure_ad_tokens`) stand in modules of their own, so that their libraries are loaded only where a
provider needs them.
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
    """A request as it will be sent, but for what lets it in. `url` is whole and encoded."""

    method: str
    url: str
    headers: Headers = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)


class Authorisation(Protocol):
    """What lets the requests with one credential in."""

    async def headers_for(self, request: OutgoingRequest) -> Headers:
        """Return the headers to add to `request`, nothing of which may change after this.

        Waits only where no valid credential is at hand.

        Raises:
            AttemptFailedError: there is none to be had (`AUTHENTICATION`), or whoever gives it
                cannot be reached (`CONNECT`).
        """
        ...

    def refused(self) -> None:
        """Take note that the provider did not accept the credential. Does not block."""
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
"""RFC 6750, section 2.1: what every token and most vendors' keys are carried by."""


class KeyAuthorisation:
    """A key in a header, asked for at every request."""

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
            AttemptFailedError: none can be had.
        """
        return (self._header.carrying(await self._tokens.current()),)

    def refused(self) -> None:
        """Get another token for the requests that come."""
        self._tokens.discard()
