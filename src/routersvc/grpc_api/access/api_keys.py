"""Authenticates callers by API key: `authorization: Bearer KEY`, or `x-api-key: KEY`.

The second header is for deployments behind a proxy that uses `authorization` itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

from routersvc.domain.outcomes.errors import UnknownTenantError

AUTHORIZATION = "authorization"
API_KEY = "x-api-key"
_SCHEME = "bearer"


class ApiKeys:
    """Finds tenants by their API keys, of which it stores only hashes.

    A key is compared with every hash in constant time, so that response times reveal nothing about
    keys. `anonymous` is the tenant of calls without a key, `None` if they are refused; a call with
    an unknown key, or with another kind of authorization, is always refused.
    """

    __slots__ = ("_anonymous", "_hashes")

    def __init__(self, keys: Iterable[tuple[str, str]], *, anonymous: str | None = None) -> None:
        self._hashes = tuple((_hash(key), tenant) for tenant, key in keys)
        self._anonymous = anonymous

    def tenant_of(self, metadata: Mapping[str, str | bytes]) -> str:
        """Return the tenant of the API key in the metadata.

        Raises:
            UnknownTenantError: there is no key, or an unknown one.
        """
        key = _key_in(metadata)
        if key is None:
            if self._anonymous is not None and AUTHORIZATION not in metadata:
                return self._anonymous
            raise UnknownTenantError(
                f"the call has no API key: send `{AUTHORIZATION}: Bearer KEY` or `{API_KEY}: KEY`"
            )
        hashed = _hash(key)
        found: str | None = None
        for known, tenant in self._hashes:
            if hmac.compare_digest(known, hashed):
                found = tenant
        if found is None:
            raise UnknownTenantError("unknown API key")
        return found


def _key_in(metadata: Mapping[str, str | bytes]) -> str | None:
    authorization = metadata.get(AUTHORIZATION)
    if isinstance(authorization, str):
        scheme, _, key = authorization.strip().partition(" ")
        if scheme.lower() == _SCHEME:
            return key.strip()
    key_alone = metadata.get(API_KEY)
    return key_alone.strip() if isinstance(key_alone, str) else None


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
