"""What a call shows of its caller, independent of the server that received it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

Metadata = Mapping[str, str | bytes]
"""The metadata of a call by key in lower case."""

AUTHORIZATION = "authorization"
API_KEY = "x-api-key"
_SCHEME = "bearer"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ClientCertificate:
    """The names in a client certificate, which the TLS handshake has verified.

    `uris` are those of the subject's alternative names, such as SPIFFE IDs; `subject` is the
    distinguished name in the form of RFC 4514, empty if there is none.
    """

    uris: tuple[str, ...] = ()
    subject: str = ""

    @classmethod
    def of(cls, properties: Mapping[str, Iterable[bytes]]) -> ClientCertificate | None:
        """Return the certificate among the properties of a connection that gRPC core reports."""
        if not properties.get("x509_pem_cert"):
            return None
        return cls(
            uris=tuple(uri.decode("utf-8", "replace") for uri in properties.get("peer_uri", ())),
            subject=next(iter(properties.get("x509_subject", ())), b"").decode("utf-8", "replace"),
        )


def credential_in(metadata: Metadata) -> str | None:
    """Return the API key or the token of a call, `None` without one."""
    authorization = metadata.get(AUTHORIZATION)
    if isinstance(authorization, str):
        scheme, _, credential = authorization.strip().partition(" ")
        if scheme.lower() == _SCHEME:
            return credential.strip()
    alone = metadata.get(API_KEY)
    return alone.strip() if isinstance(alone, str) else None
