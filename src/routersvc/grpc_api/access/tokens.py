"""Verifies bearer tokens: JSON Web Tokens of the configured issuers (RFC 7519, RFC 8725).

    unverified issuer ─▶ key of that issuer ─▶ signature ─▶ times, audience ─▶ value of the claim

Nothing of a token is believed before its signature but which of the configured issuers it names.
Left out: encrypted tokens, symmetric algorithms, embedded keys (`jwk`, `jku`, `x5u`), and tokens
without an expiry.
"""

from __future__ import annotations

import base64
import binascii
import collections
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from routersvc.domain.outcomes.errors import UnknownTenantError
from routersvc.grpc_api.access.refusals import Doubt
from routersvc.grpc_api.access.signing_keys import SigningKeys

# The library for tokens takes a tenth of a second to load: only routers that accept tokens do.
# ruff: noqa: PLC0415

MAX_TOKEN_BYTES = 16 * 1024
"""The largest token; gRPC limits all metadata of a call to 16 KiB by default."""

REMEMBERED = 4_096
"""Verified tokens that are remembered: callers use one for many calls."""

_PARTS = 3


class UnknownSigningKeyError(Exception):
    """A token names a key that `keys` does not have, perhaps not yet.

    `identified` fetches the keys, or refuses the call.
    """

    def __init__(self, keys: SigningKeys) -> None:
        super().__init__("unknown signing key")
        self.keys = keys


def refused(doubt: Doubt) -> UnknownTenantError:
    """Return the error of a token that is not accepted; the caller does not learn why."""
    return UnknownTenantError("the token is not valid", doubt=doubt.value)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenRule:
    """Which tokens of an issuer are accepted; `tenants` are by the value of `tenant_claim`.

    `clock_skew` is in seconds.
    """

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    tenant_claim: str
    clock_skew: float
    tenants: Mapping[str, str]


def looks_like_token(credential: str) -> bool:
    """Whether a credential has the form of a signed token, not of an API key."""
    return credential.count(".") == _PARTS - 1 and credential.startswith("eyJ")


class Tokens:
    """Finds tenants by their tokens. `wall_clock` gives seconds since the epoch."""

    def __init__(
        self,
        issuers: Iterable[tuple[TokenRule, SigningKeys]],
        *,
        wall_clock: Callable[[], float],
    ) -> None:
        self._issuers: dict[str, list[tuple[TokenRule, SigningKeys]]] = {}
        for rule, keys in issuers:
            self._issuers.setdefault(rule.issuer, []).append((rule, keys))
        self._wall_clock = wall_clock
        # By hash of the token: its tenant, when it expires, and by which keys it was verified.
        self._verified: collections.OrderedDict[bytes, tuple[str, float, SigningKeys, int]] = (
            collections.OrderedDict()
        )

    def tenant_with(self, token: str) -> str:
        """Return the tenant of a token. Does no I/O.

        Raises:
            UnknownSigningKeyError: its key is unknown; fetching the keys may help.
            UnknownTenantError: it is not valid.
        """
        if len(token) > MAX_TOKEN_BYTES:
            raise refused(Doubt.MALFORMED)
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None:
            tenant, expires_at, keys, version = known
            # A key that its issuer has withdrawn verifies no token that is remembered either.
            keys.keep_fresh()
            if self._wall_clock() < expires_at and keys.version == version:
                return tenant
            del self._verified[digest]
        header, claims = _unverified(token)
        last: Exception = refused(Doubt.UNKNOWN_ISSUER)
        issuer = claims.get("iss")
        # One issuer may have several rules, for several audiences.
        for rule, keys in self._issuers.get(issuer, ()) if isinstance(issuer, str) else ():
            try:
                tenant, expires_at = _verified(
                    token, header, rule=rule, keys=keys, now=self._wall_clock()
                )
            except (UnknownTenantError, UnknownSigningKeyError) as error:
                last = error
                continue
            self._verified[digest] = (tenant, expires_at, keys, keys.version)
            if len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
            return tenant
        raise last


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims without looking at the signature."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise refused(Doubt.MALFORMED)
    try:
        header, claims = (
            json.loads(base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True))
            for part in parts[:2]
        )
    except (ValueError, binascii.Error, RecursionError) as error:
        raise refused(Doubt.MALFORMED) from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise refused(Doubt.MALFORMED)
    return cast("dict[str, Any]", header), cast("dict[str, Any]", claims)


def _verified(
    token: str, header: Mapping[str, Any], *, rule: TokenRule, keys: SigningKeys, now: float
) -> tuple[str, float]:
    """Return the tenant of a token and when it stops being accepted.

    Raises:
        UnknownSigningKeyError: its key is unknown.
        UnknownTenantError: it is not valid.
    """
    import jwt

    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in rule.algorithms:
        raise refused(Doubt.WRONG_ALGORITHM)
    if "crit" in header or not isinstance(kid, str | None):
        raise refused(Doubt.MALFORMED)
    key = keys.find(kid)
    if key is None:
        raise UnknownSigningKeyError(keys)
    if algorithm not in key.algorithms:
        raise refused(Doubt.WRONG_ALGORITHM)
    try:
        payload = jwt.PyJWS().decode(token, key.public, algorithms=[algorithm])
        claims: Any = json.loads(payload)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise refused(Doubt.BAD_SIGNATURE) from error
    if not isinstance(claims, dict):
        raise refused(Doubt.MALFORMED)
    return check_claims(cast("dict[str, Any]", claims), rule, now)


def check_claims(claims: Mapping[str, Any], rule: TokenRule, now: float) -> tuple[str, float]:
    """Return the tenant that verified claims identify, and when they stop being accepted.

    Raises:
        UnknownTenantError: a claim is missing or wrong.
    """
    if claims.get("iss") != rule.issuer:
        raise refused(Doubt.UNKNOWN_ISSUER)
    expiry = _instant(claims, "exp")
    if expiry is None:
        raise refused(Doubt.MALFORMED)
    expires_at = expiry + rule.clock_skew
    if now >= expires_at:
        raise refused(Doubt.EXPIRED)
    for name in ("nbf", "iat"):
        instant = _instant(claims, name)
        if instant is not None and instant > now + rule.clock_skew:
            raise refused(Doubt.NOT_YET_VALID)
    if rule.audiences.isdisjoint(_texts(claims.get("aud"))):
        raise refused(Doubt.WRONG_AUDIENCE)
    tenants = {
        rule.tenants[value]
        for value in _texts(claims.get(rule.tenant_claim))
        if value in rule.tenants
    }
    # Values of two tenants identify neither.
    if len(tenants) != 1:
        raise refused(Doubt.UNKNOWN_IDENTITY)
    return tenants.pop(), expires_at


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(Doubt.MALFORMED)
    return float(value)


def _texts(value: object) -> list[str]:
    """Return the texts of a claim that is one or a list of some."""
    if isinstance(value, str):
        return [value]
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]
