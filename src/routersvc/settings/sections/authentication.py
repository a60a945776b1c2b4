"""The `authentication` section: issuers of bearer tokens, and whether reflection is open."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from routersvc.settings.problems import KeyPath
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.types.addresses import is_loopback_url
from routersvc.settings.types.fields import (
    Duration,
    FilePath,
    HttpUrl,
    Name,
    Pause,
    Section,
    VisibleText,
    unique,
)


class TokenAlgorithm(enum.Enum):
    """A signature algorithm with a public key (RFC 7518, RFC 8037)."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"


class TokenIssuerSection(Section):
    """An issuer of bearer tokens: an identity provider (OpenID Connect) or a cluster."""

    issuer: VisibleText = Field(
        description="The `iss` claim of its tokens, exactly as it is in them."
    )
    audiences: Annotated[tuple[VisibleText, ...], Field(min_length=1), AfterValidator(unique)] = (
        Field(
            description="Tokens are accepted if their `aud` claim contains one of these. Use a "
            "value that stands for this service alone."
        )
    )
    keys_url: HttpUrl | None = Field(
        default=None,
        description="The address of the issuer's public keys (JWKS), `jwks_uri` of its discovery "
        "document. Plain `http` only on the machine itself. Either this or `keys_file`.",
    )
    keys_file: FilePath | None = Field(
        default=None,
        description="A file with the issuer's public keys (JWKS). Either this or `keys_url`.",
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="A PEM file with the certificate authorities of `keys_url`. If unset, those "
        "of the system.",
    )
    refresh_interval: Duration = Field(
        default=300.0,
        description="The keys of `keys_url` are fetched again when they are older than this, in "
        "the background, and at once when a token names an unknown key.",
    )
    algorithms: Annotated[
        tuple[TokenAlgorithm, ...], Field(min_length=1), AfterValidator(unique)
    ] = Field(
        default=(
            TokenAlgorithm.RS256,
            TokenAlgorithm.PS256,
            TokenAlgorithm.ES256,
            TokenAlgorithm.EDDSA,
        ),
        description="The accepted signature algorithms.",
    )
    tenant_claim: VisibleText = Field(
        default="sub",
        description="The claim that identifies the tenant: a text, or a list of texts. Its values "
        "are listed under `tokens` of the tenants.",
    )
    clock_skew: Pause = Field(
        default=30.0,
        description="How far the clocks of issuer and router may differ when `exp`, `nbf` and "
        "`iat` are checked.",
    )


class AuthenticationSection(Section):
    """How callers are authenticated, apart from the API keys and names of each tenant."""

    tokens: Mapping[Name, TokenIssuerSection] = Field(
        default={},
        description="Issuers of bearer tokens (JWT), by names of your choice. Empty accepts no "
        "tokens.",
    )
    reflection: bool = Field(
        default=False,
        description="Whether server reflection requires authentication, like the calls of the "
        "router's services. Health checks never do.",
    )


def check_issuer(path: KeyPath, issuer: TokenIssuerSection, problems: ProblemList) -> None:
    """Report contradictions of one issuer."""
    if (issuer.keys_url is None) == (issuer.keys_file is None):
        problems.at_value(
            (*path, "keys_url"),
            "is missing" if issuer.keys_url is None else "conflicts with `keys_file`",
            "`keys_url` or `keys_file`",
        )
    url = issuer.keys_url
    if url is not None and url.startswith("http:") and not is_loopback_url(url):
        problems.at_value(
            (*path, "keys_url"),
            "is not encrypted: the keys could be replaced on the way",
            "`https://host/path`",
        )
    if issuer.ca_file is not None and (url is None or url.startswith("http:")):
        problems.at_key((*path, "ca_file"), "has no effect without an `https` address")
