"""Signed tokens and public key sets for tests."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

ISSUER = "https://login.example.com"
AUDIENCE = "llm-router"


def signing_key(kind: str = "EC", bits: int = 2048) -> PrivateKey:
    """Return a new private key: `EC` on P-256, `OKP` (Ed25519) or `RSA`."""
    match kind:
        case "RSA":
            return rsa.generate_private_key(public_exponent=65537, key_size=bits)
        case "OKP":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: PrivateKey, kid: str | None = "k1", **members: str) -> dict[str, Any]:
    """Return the public key as an entry of a JWKS."""
    if isinstance(key, rsa.RSAPrivateKey):
        entry = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        entry = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        entry = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return dict(entry) | ({} if kid is None else {"kid": kid}) | members


def key_set(*entries: dict[str, Any]) -> bytes:
    """Return a JWKS."""
    return json.dumps({"keys": entries}).encode()


def token(
    key: PrivateKey | str,
    *,
    algorithm: str = "ES256",
    kid: str | None = "k1",
    headers: dict[str, Any] | None = None,
    **claims: object,
) -> str:
    """Return a token for `search` that is valid from 0 to 1,000 s; `None` removes a claim."""
    content: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "search",
        "iat": 0,
        "exp": 1_000,
        **claims,
    }
    header = dict(headers or {}) | ({} if kid is None else {"kid": kid})
    kept = {name: value for name, value in content.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers=header)
