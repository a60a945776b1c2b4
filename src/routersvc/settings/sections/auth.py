"""The `auth` section of a provider: what lets calls in, where a key in a header is not enough.

Which keys belong to which kind stands once, in `KEYS_OF_KIND`; all others are refused beside it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, StringConstraints

from routersvc.settings.problems import KeyPath, listing
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.types.fields import FilePath, HeaderName, Name, Secret, Section, VisibleText

AuthScheme = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~+/-]{0,64}$")]
"""The word before a key in a header (RFC 9110, section 11.1), or nothing."""


class AuthKind(enum.Enum):
    """What lets calls in."""

    KEY = "key"
    AWS = "aws"
    GOOGLE = "google"
    AZURE_AD = "azure_ad"


class AuthSection(Section):
    """What lets calls in, where it is not a key in the vendor's usual header."""

    kind: AuthKind = Field(
        description="`key`: the provider's `api_key` or `credentials`, in a header. `aws`: a "
        "signature (SigV4). `google`: tokens for Google Cloud. `azure_ad`: tokens of Microsoft "
        "Entra ID. All but `key` refresh by themselves and give the one credential `default`."
    )
    header: HeaderName | None = Field(
        default=None,
        description="With `key`: the header that carries it. Left out: the vendor's usual one.",
    )
    scheme: AuthScheme | None = Field(
        default=None,
        description="With `key`: the word before it. Left out: the usual one in the usual header, "
        "none in another.",
    )
    region: Name | None = Field(
        default=None, description="With `aws`, and needed there: the region that is called."
    )
    service: Name = Field(
        default="bedrock", description="With `aws`: the name of the service that is signed for."
    )
    profile: VisibleText | None = Field(
        default=None,
        description="With `aws`: a profile of the AWS configuration. Left out: the keys that AWS's "
        "own tools would find, in the environment, in files, or from the machine.",
    )
    access_key_id: Secret | None = Field(
        default=None,
        description="With `aws`, beside `secret_access_key`: a key of its own instead of a search.",
    )
    secret_access_key: Secret | None = Field(
        default=None, description="With `aws`: the secret of `access_key_id`."
    )
    session_token: Secret | None = Field(
        default=None, description="With `aws`: what belongs to a temporary `access_key_id`."
    )
    credentials_file: FilePath | None = Field(
        default=None,
        description="With `google`: the key file of a service account, or the description of a "
        "workload identity. Left out: the application default credentials.",
    )
    scope: VisibleText | None = Field(
        default=None,
        description="With `google` and `azure_ad`: what the tokens are for. Left out: the "
        "vendor's models.",
    )
    tenant_id: VisibleText | None = Field(
        default=None,
        description="With `azure_ad`, beside `client_secret`: the directory of the application.",
    )
    client_id: VisibleText | None = Field(
        default=None,
        description="With `azure_ad`: the application, or one of several managed identities. Left "
        "out: whatever identity the machine has.",
    )
    client_secret: Secret | None = Field(
        default=None, description="With `azure_ad`: the secret of the application."
    )


KEYS_OF_KIND: Mapping[AuthKind, frozenset[str]] = MappingProxyType(
    {
        AuthKind.KEY: frozenset({"header", "scheme"}),
        AuthKind.AWS: frozenset(
            {
                "region",
                "service",
                "profile",
                "access_key_id",
                "secret_access_key",
                "session_token",
            }
        ),
        AuthKind.GOOGLE: frozenset({"credentials_file", "scope"}),
        AuthKind.AZURE_AD: frozenset({"scope", "tenant_id", "client_id", "client_secret"}),
    }
)
"""The keys that have a meaning beside each kind."""

_TOGETHER = (
    ("secret_access_key", "access_key_id"),
    ("access_key_id", "secret_access_key"),
    ("session_token", "access_key_id"),
    ("client_secret", "client_id"),
    ("client_secret", "tenant_id"),
    ("tenant_id", "client_secret"),
)
"""Keys of which the first means nothing without the second."""


def check_auth(path: KeyPath, auth: AuthSection, problems: ProblemList) -> None:
    """Report keys of another kind, and what lacks its counterpart."""
    known = KEYS_OF_KIND[auth.kind]
    for key, field in AuthSection.model_fields.items():
        if key not in known | {"kind"} and getattr(auth, key) != field.default:
            allowed = listing([name for name in AuthSection.model_fields if name in known])
            problems.at_key((*path, key), f"has no effect on the kind `{auth.kind.value}`", allowed)
    for key, other in _TOGETHER:
        if key in known and getattr(auth, key) is not None and getattr(auth, other) is None:
            problems.at_value((*path, other), f"is missing beside `{key}`")
    if auth.kind is AuthKind.AWS and auth.region is None:
        problems.at_value((*path, "region"), "is missing: a signature is for one region")
    if auth.profile is not None and auth.access_key_id is not None:
        problems.at_key(
            (*path, "profile"), "stands beside `access_key_id`", "`profile` or `access_key_id`"
        )
