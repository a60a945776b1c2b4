"""Whose a call is that shows several things of its caller."""

from __future__ import annotations

import hashlib

import pytest
from tests.tokens import AUDIENCE, ISSUER, key_set, public_jwk, signing_key, token

from routersvc.domain.outcomes.errors import (
    AuthenticationUnavailableError,
    MethodNotAllowedError,
    UnknownTenantError,
)
from routersvc.grpc_api.access.api_keys import ApiKeys
from routersvc.grpc_api.access.authentication import AccessRules
from routersvc.grpc_api.access.callers import ClientCertificate
from routersvc.grpc_api.access.identities import Identities, identified
from routersvc.grpc_api.access.signing_keys import SigningKeys, UnusableKeysError
from routersvc.grpc_api.access.tokens import TokenRule, Tokens

KEY = signing_key()
RULE = TokenRule(
    issuer=ISSUER,
    audiences=frozenset({AUDIENCE}),
    algorithms=frozenset({"ES256"}),
    tenant_claim="sub",
    clock_skew=0.0,
    tenants={"search": "by-token"},
)
SPIFFE = "spiffe://example.org/ns/search/sa/api"
HASHED = f"sha256:{hashlib.sha256(b'long-random-key').hexdigest()}"
CERTIFICATE = ClientCertificate(uris=(SPIFFE,), subject="CN=search,O=Example")


def identities(keys: SigningKeys, *, anonymous: str | None = None) -> Identities:
    """Return identities of four tenants."""
    return Identities(
        keys=ApiKeys([("by-key", "plain-key")], hashes=[("by-hash", HASHED)], anonymous=anonymous),
        tokens=Tokens([(RULE, keys)], wall_clock=lambda: 500.0),
        certificates=[("by-uri", SPIFFE), ("by-subject", "CN=batch,O=Example")],
    )


FIXED = SigningKeys.fixed(key_set(public_jwk(KEY)), name="corporate")
ALL = identities(FIXED)


@pytest.mark.parametrize(
    ("metadata", "certificate", "tenant"),
    [
        ({"x-api-key": "plain-key"}, None, "by-key"),
        ({"authorization": "Bearer long-random-key"}, None, "by-hash"),
        ({"authorization": f"Bearer {token(KEY)}"}, None, "by-token"),
        ({"authorization": f"Bearer {token(KEY)}"}, CERTIFICATE, "by-token"),
        ({}, CERTIFICATE, "by-uri"),
        ({}, ClientCertificate(subject="CN=batch,O=Example"), "by-subject"),
    ],
)
def test_call_is_its_tenants(
    metadata: dict[str, str | bytes], certificate: ClientCertificate | None, tenant: str
) -> None:
    """What a call says itself goes before what its connection says."""
    assert ALL.tenant_of(metadata, certificate) == tenant


@pytest.mark.parametrize(
    ("metadata", "certificate", "doubt"),
    [
        ({}, None, "no_credential"),
        ({"x-api-key": "wrong"}, CERTIFICATE, "unknown_key"),
        ({"x-api-key": HASHED}, None, "unknown_key"),
        ({"authorization": f"Bearer {token(KEY, exp=1)}"}, CERTIFICATE, "expired"),
        ({"authorization": "Basic eDp5"}, CERTIFICATE, "no_credential"),
        ({}, ClientCertificate(subject="CN=batch"), "unknown_certificate"),
        ({}, ClientCertificate(uris=(SPIFFE + "/x",)), "unknown_certificate"),
        (
            {},
            ClientCertificate(uris=(SPIFFE,), subject="CN=batch,O=Example"),
            "unknown_certificate",
        ),
    ],
)
def test_wrong_credential_is_refused_whatever_else_would_do(
    metadata: dict[str, str | bytes], certificate: ClientCertificate | None, doubt: str
) -> None:
    """A mistake must not change whose a call is; a hash is not the key; two names are no one."""
    with pytest.raises(UnknownTenantError) as caught:
        ALL.tenant_of(metadata, certificate)

    assert caught.value.doubt == doubt


def test_unknown_certificate_may_be_anonymous() -> None:
    """It is a call without a credential that is any tenant's."""
    known = identities(FIXED, anonymous="others")

    assert known.tenant_of({}, ClientCertificate(subject="CN=new")) == "others"


def test_certificate_is_read_from_what_grpc_reports() -> None:
    """The names as gRPC core gives them; nothing where the client has shown no certificate."""
    properties = {
        "x509_pem_cert": [b"-----BEGIN"],
        "peer_uri": [SPIFFE.encode()],
        "x509_subject": [b"CN=search,O=Example"],
        "x509_common_name": [b"search"],
    }

    assert ClientCertificate.of(properties) == CERTIFICATE
    assert ClientCertificate.of({"transport_security_type": [b"insecure"]}) is None


async def test_unknown_signing_key_is_looked_for_once() -> None:
    """A token of a rotated key is accepted by the call that first brings it."""
    answers = [key_set(public_jwk(signing_key(), "old")), key_set(public_jwk(KEY))]
    now = 0.0

    async def fetch() -> bytes:
        return answers.pop(0)

    keys = SigningKeys(fetch, name="corporate", interval=300.0, clock=lambda: now)
    await keys.renew()
    now = 60.0

    metadata: dict[str, str | bytes] = {"authorization": f"Bearer {token(KEY)}"}

    assert await identified(identities(keys), metadata, None) == "by-token"
    assert answers == []


async def test_token_cannot_be_checked_without_keys() -> None:
    """The caller's token may be right: it comes back later, with the same one."""

    async def fetch() -> bytes:
        raise UnusableKeysError("cannot be fetched")

    keys = SigningKeys(fetch, name="corporate", interval=300.0, clock=lambda: 0.0)

    with pytest.raises(AuthenticationUnavailableError) as caught:
        await identified(identities(keys), {"authorization": f"Bearer {token(KEY)}"}, None)

    assert caught.value.retry_after == 10.0


async def test_tenant_calls_its_own_methods_alone() -> None:
    """Authentication first: a stranger does not learn which methods are closed."""
    rules = AccessRules(authenticator=ALL, methods={"by-key": frozenset({"Complete"})})
    complete, health = (
        f"/llmrouter.v1.RouterService/{name}" for name in ("Complete", "ProviderHealth")
    )

    assert await rules.admit(complete, {"x-api-key": "plain-key"}) == "by-key"
    assert await rules.admit(health, {"x-api-key": "long-random-key"}) == "by-hash"
    with pytest.raises(MethodNotAllowedError):
        await rules.admit(health, {"x-api-key": "plain-key"})
    with pytest.raises(UnknownTenantError):
        await rules.admit(health, {"x-api-key": "wrong"})
