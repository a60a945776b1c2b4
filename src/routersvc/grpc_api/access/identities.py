"""Finds the tenant of a call by everything that callers may be known by.

An API key or a token decides. A call with a wrong one is refused, even where a certificate or the
anonymous tenant would do: a mistake must not change whose a call is. A call with neither belongs to
the tenant of its client certificate, else to the anonymous one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from routersvc.domain.outcomes.errors import AuthenticationUnavailableError, UnknownTenantError
from routersvc.grpc_api.access.api_keys import ApiKeys
from routersvc.grpc_api.access.callers import (
    AUTHORIZATION,
    ClientCertificate,
    Metadata,
    credential_in,
)
from routersvc.grpc_api.access.refusals import Doubt
from routersvc.grpc_api.access.tokens import (
    Tokens,
    UnknownSigningKeyError,
    looks_like_token,
    refused,
)


class Authenticator(Protocol):
    """Identifies the tenant of a call."""

    def tenant_of(self, metadata: Metadata, certificate: ClientCertificate | None = None) -> str:
        """Return the tenant's name from the call's metadata, whose keys are in lower case.

        `certificate` is what the client has proved in the TLS handshake. Does no I/O.

        Raises:
            UnknownSigningKeyError: a token names a key that may have to be fetched first.
            UnknownTenantError: the caller is not authenticated.
        """
        ...


class Identities:
    """The built-in `Authenticator`: API keys, tokens, certificates; `certificates` by tenant."""

    def __init__(
        self,
        *,
        keys: ApiKeys,
        tokens: Tokens | None = None,
        certificates: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._certificates = {identity: tenant for tenant, identity in certificates}

    def tenant_of(self, metadata: Metadata, certificate: ClientCertificate | None = None) -> str:
        """Return the tenant of a call.

        Raises:
            UnknownSigningKeyError: a token names a key that may have to be fetched first.
            UnknownTenantError: the caller is not authenticated.
        """
        credential = credential_in(metadata)
        if credential is not None:
            tenant = self._keys.tenant_with(credential)
            if tenant is not None:
                return tenant
            if self._tokens is not None and looks_like_token(credential):
                return self._tokens.tenant_with(credential)
            raise UnknownTenantError("unknown API key", doubt=Doubt.UNKNOWN_KEY.value)
        if certificate is not None and AUTHORIZATION not in metadata:
            tenant = self._tenant_with(certificate)
            if tenant is not None:
                return tenant
            if self._certificates:
                return self._anonymous_or_unknown(metadata)
        return self._keys.tenant_without_key(metadata)

    def _tenant_with(self, certificate: ClientCertificate) -> str | None:
        names = (*certificate.uris, certificate.subject)
        found = {self._certificates[name] for name in names if name in self._certificates}
        # A certificate with the names of two tenants identifies neither.
        return found.pop() if len(found) == 1 else None

    def _anonymous_or_unknown(self, metadata: Metadata) -> str:
        try:
            return self._keys.tenant_without_key(metadata)
        except UnknownTenantError:
            raise UnknownTenantError(
                "the call has no API key, and its certificate is that of no tenant",
                doubt=Doubt.UNKNOWN_CERTIFICATE.value,
            ) from None


async def identified(
    authenticator: Authenticator, metadata: Metadata, certificate: ClientCertificate | None
) -> str:
    """Return the tenant of a call; where its token names an unknown key, look for it once.

    Raises:
        UnknownTenantError: the caller is not authenticated.
        AuthenticationUnavailableError: the keys of the token's issuer cannot be fetched.
    """
    try:
        return authenticator.tenant_of(metadata, certificate)
    except UnknownSigningKeyError as error:
        is_changed = await error.keys.renew()
        if not error.keys.is_known:
            raise AuthenticationUnavailableError(retry_after=error.keys.retry_after) from error
        if not is_changed:
            raise refused(Doubt.UNKNOWN_SIGNING_KEY) from error
    try:
        return authenticator.tenant_of(metadata, certificate)
    except UnknownSigningKeyError as error:
        raise refused(Doubt.UNKNOWN_SIGNING_KEY) from error
