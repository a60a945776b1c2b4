"""Bearer tokens: which are accepted, whose they are, and what callers learn of the others."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from tests.tokens import AUDIENCE, ISSUER, key_set, public_jwk, signing_key, token

from routersvc.domain.outcomes.errors import UnknownTenantError
from routersvc.grpc_api.access.refusals import Doubt
from routersvc.grpc_api.access.signing_keys import SigningKeys
from routersvc.grpc_api.access.tokens import TokenRule, Tokens, UnknownSigningKeyError

EC, RSA, OKP = signing_key("EC"), signing_key("RSA"), signing_key("OKP")
KEYS = SigningKeys.fixed(
    key_set(public_jwk(EC), public_jwk(RSA, "k2"), public_jwk(OKP, "k3")), name="corporate"
)
RULE = TokenRule(
    issuer=ISSUER,
    audiences=frozenset({AUDIENCE}),
    algorithms=frozenset({"ES256", "RS256", "EdDSA"}),
    tenant_claim="sub",
    clock_skew=30.0,
    tenants={"search": "search", "batch": "batch", "batch-2": "batch"},
)


def tenant_with(credential: str, *, now: float = 500.0) -> str:
    """Return whose a token is."""
    return Tokens([(RULE, KEYS)], wall_clock=lambda: now).tenant_with(credential)


def doubt_about(credential: str, *, now: float = 500.0) -> str:
    """Return why a token is refused; its caller must not learn it."""
    try:
        tenant = tenant_with(credential, now=now)
    except UnknownSigningKeyError:
        return Doubt.UNKNOWN_SIGNING_KEY.value
    except UnknownTenantError as error:
        return error.doubt if str(error) == "the token is not valid" else str(error)
    return pytest.fail(f"accepted for {tenant}")


@pytest.mark.parametrize(
    "credential",
    [
        token(EC),
        token(RSA, algorithm="RS256", kid="k2"),
        token(OKP, algorithm="EdDSA", kid="k3"),
        token(EC, aud=["other", AUDIENCE]),
        token(EC, sub=["unknown", "search"]),
    ],
    ids=["EC", "RSA", "Ed25519", "audiences", "claim of several values"],
)
def test_signed_token_is_its_tenants(credential: str) -> None:
    """With each kind of key, and among several audiences and values."""
    assert tenant_with(credential) == "search"


@pytest.mark.parametrize(
    ("credential", "doubt"),
    [
        (token(signing_key()), Doubt.BAD_SIGNATURE),
        (token(EC, kid="k9"), Doubt.UNKNOWN_SIGNING_KEY),
        (token(EC, kid=None), Doubt.UNKNOWN_SIGNING_KEY),
        (token(EC, iss="https://evil.example"), Doubt.UNKNOWN_ISSUER),
        (token(EC, iss=None), Doubt.UNKNOWN_ISSUER),
        (token(EC, aud="another-service"), Doubt.WRONG_AUDIENCE),
        (token(EC, aud=None), Doubt.WRONG_AUDIENCE),
        (token(EC, exp=None), Doubt.MALFORMED),
        (token(EC, exp=470), Doubt.EXPIRED),
        (token(EC, nbf=531), Doubt.NOT_YET_VALID),
        (token(EC, iat=531), Doubt.NOT_YET_VALID),
        (token(EC, sub="stranger"), Doubt.UNKNOWN_IDENTITY),
        (token(EC, sub=["search", "batch"]), Doubt.UNKNOWN_IDENTITY),
        (token(EC, headers={"crit": ["exp"]}), Doubt.MALFORMED),
        (token(RSA, algorithm="PS256", kid="k2"), Doubt.WRONG_ALGORITHM),
        (token(RSA, algorithm="RS256", kid="k1"), Doubt.WRONG_ALGORITHM),
        ("eyJ.not.token", Doubt.MALFORMED),
        (token(EC) + "." + "x", Doubt.MALFORMED),
        ("eyJ" + "x" * 20_000 + "..", Doubt.MALFORMED),
    ],
)
def test_other_token_is_refused_in_one_sentence(credential: str, doubt: Doubt) -> None:
    """Callers learn nothing of the reason; the metrics do."""
    assert doubt_about(credential) == doubt.value


def test_symmetric_and_unsigned_tokens_are_refused() -> None:
    """Whoever can verify could sign, and no signature is no proof (RFC 8725)."""
    secret = "shared-with-everyone-who-verifies" * 2
    unsigned = token(EC).rpartition(".")[0].split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').decode().rstrip("=")

    assert doubt_about(token(secret, algorithm="HS256", kid="k2")) == Doubt.WRONG_ALGORITHM.value
    assert doubt_about(f"{header}.{unsigned[1]}.") == Doubt.WRONG_ALGORITHM.value


def test_changed_claims_break_the_signature() -> None:
    """A caller cannot make itself another tenant."""
    header, _, signature = token(EC).split(".")
    claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "batch", "exp": 1_000}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    assert doubt_about(f"{header}.{forged}.{signature}") == Doubt.BAD_SIGNATURE.value


def test_token_is_accepted_until_its_expiry_and_the_skew() -> None:
    """Also where it is remembered: a verified token is not verified again, but expires."""
    now = 0.0
    tokens = Tokens([(RULE, KEYS)], wall_clock=lambda: now)
    credential = token(EC)

    accepted: list[bool] = []
    for now in (-29.0, 0.0, 1_029.0, 1_030.0, 1_031.0):  # noqa: B007 - the clock of the tokens
        try:
            accepted.append(tokens.tenant_with(credential) == "search")
        except UnknownTenantError:
            accepted.append(False)

    assert accepted == [True, True, True, False, False]


def test_unknown_key_says_where_to_look_for_it() -> None:
    """It may be one that the issuer has begun to use since the last fetch."""
    with pytest.raises(UnknownSigningKeyError) as caught:
        tenant_with(token(EC, kid="k9"))

    assert caught.value.keys is KEYS


async def test_token_that_is_remembered_ends_with_the_key_that_its_issuer_withdraws() -> None:
    """Although no token comes that is new: the keys are fetched again after their interval."""
    published = [key_set(public_jwk(EC), public_jwk(OKP, "k3")), key_set(public_jwk(OKP, "k3"))]
    now = 0.0

    async def fetch() -> bytes:
        return published.pop(0)

    keys = SigningKeys(fetch, name="corporate", interval=300.0, clock=lambda: now)
    await keys.renew()
    tokens = Tokens([(RULE, keys)], wall_clock=lambda: 500.0)
    credential = token(EC)
    assert tokens.tenant_with(credential) == "search"

    now = 300.0
    assert tokens.tenant_with(credential) == "search"
    while keys.version == 1:  # noqa: ASYNC110 - the fetch in the background belongs to the keys
        await asyncio.sleep(0)

    with pytest.raises(UnknownSigningKeyError):
        tokens.tenant_with(credential)
    await keys.aclose()
