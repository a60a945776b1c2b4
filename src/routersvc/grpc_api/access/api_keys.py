"""API keys: `authorization: Bearer KEY`, or `x-api-key: KEY` where a proxy owns the other one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

from routersvc.domain.outcomes.errors import (
    UnknownTenantError,
)

AUTHORIZATION = "authorization"
API_KEY = "x-api-key"
_SCHEME = "bearer"


class ApiKeys:
    """Knows tenants by their keys, of which it keeps hashes alone.

    A key is compared with every hash, each in constant time, so that the time an answer takes tells
    nothing about keys. `anonymous` is the tenant of calls that carry no key, `None` where they are
    refused; a key that is not known never makes a call anonymous.
    """

    __slots__ = ("_anonymous", "_hashes")

    def __init__(self, keys: Iterable[tuple[str, str]], *, anonymous: str | None = None) -> None:
        self._hashes = tuple((_hash(key), tenant) for tenant, key in keys)
        self._anonymous = anonymous

    def tenant_of(self, metadata: Mapping[str, str | bytes]) -> str:
        """Return whose key the metadata carries.

        Raises:
            UnknownTenantError: it carries none, or one that is not known.
        """
        key = _key_in(metadata)
        if key is None:
            if self._anonymous is not None:
                return self._anonymous
            raise UnknownTenantError(
                f"no API key came with the call: send `{AUTHORIZATION}: Bearer KEY` or "
                f"`{API_KEY}: KEY`"
            )
        hashed = _hash(key)
        found: str | None = None
        for known, tenant in self._hashes:
            if hmac.compare_digest(known, hashed):
                found = tenant
        if found is None:
            raise UnknownTenantError("the API key is not known")
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
