"""Authenticates callers by API key: `authorization: Bearer KEY`, or `x-api-key: KEY`.

The second header is for deployments behind a proxy that uses `authorization` itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from routersvc.domain.outcomes.errors import UnknownTenantError
from routersvc.grpc_api.access.callers import (
    API_KEY,
    AUTHORIZATION,
    ClientCertificate,
    Metadata,
    credential_in,
)
from routersvc.grpc_api.access.refusals import Doubt

HASH_PREFIX = "sha256:"


class ApiKeys:
    """Finds tenants by their API keys, of which it stores only hashes.

    A key is compared with every hash in constant time, so that response times reveal nothing about
    keys. `hashes` are hashes of further keys, in hexadecimal after `sha256:`. `anonymous` is the
    tenant of calls without a key, `None` if they are refused; a call with an unknown key, or with
    another kind of authorization, is always refused.
    """

    __slots__ = ("_anonymous", "_hashes")

    def __init__(
        self,
        keys: Iterable[tuple[str, str]],
        *,
        hashes: Iterable[tuple[str, str]] = (),
        anonymous: str | None = None,
    ) -> None:
        self._hashes = (
            *((_hash(key), tenant) for tenant, key in keys),
            *((bytes.fromhex(it.removeprefix(HASH_PREFIX)), tenant) for tenant, it in hashes),
        )
        self._anonymous = anonymous

    def tenant_of(self, metadata: Metadata, certificate: ClientCertificate | None = None) -> str:
        """Return the tenant of the API key in the metadata.

        Raises:
            UnknownTenantError: there is no key, or an unknown one.
        """
        del certificate
        key = credential_in(metadata)
        if key is None:
            return self.tenant_without_key(metadata)
        found = self.tenant_with(key)
        if found is None:
            raise UnknownTenantError("unknown API key", doubt=Doubt.UNKNOWN_KEY.value)
        return found

    def tenant_with(self, key: str) -> str | None:
        """Return the tenant of an API key, `None` if the key is unknown."""
        hashed = _hash(key)
        found: str | None = None
        for known, tenant in self._hashes:
            if hmac.compare_digest(known, hashed):
                found = tenant
        return found

    def tenant_without_key(self, metadata: Metadata) -> str:
        """Return the anonymous tenant.

        Raises:
            UnknownTenantError: there is none, or the call has another kind of authorization.
        """
        if self._anonymous is not None and AUTHORIZATION not in metadata:
            return self._anonymous
        raise UnknownTenantError(
            f"the call has no API key: send `{AUTHORIZATION}: Bearer KEY` or `{API_KEY}: KEY`",
            doubt=Doubt.NO_CREDENTIAL.value,
        )


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
