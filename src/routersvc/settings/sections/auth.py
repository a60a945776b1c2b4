"""The `auth` section of a provider: authentication other than a key in the usual header.

`KEYS_OF_KIND` lists the keys of each kind; keys of another kind are problems.
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
"""The scheme before a key in a header (RFC 9110, section 11.1), or empty."""


class AuthKind(enum.Enum):
    """How requests to a provider are authenticated."""

    KEY = "key"
    AWS = "aws"
    GOOGLE = "google"
    AZURE_AD = "azure_ad"


class AuthSection(Section):
    """How requests are authenticated, if not with a key in the vendor's usual header."""

    kind: AuthKind = Field(
        description="`key`: the provider's `api_key` or `credentials`, sent in a header. `aws`: "
        "requests are signed (SigV4). `google`: access tokens of Google Cloud. "
        "`azure_ad`: access tokens of Microsoft Entra ID. All kinds but `key` refresh "
        "by themselves and provide the single credential `default`."
    )
    header: HeaderName | None = Field(
        default=None,
        description="For `key`: the header that carries the key. If unset, the vendor's usual "
        "header.",
    )
    scheme: AuthScheme | None = Field(
        default=None,
        description="For `key`: the scheme before the key, such as `Bearer`. If unset, the "
        "vendor's usual scheme in the usual header, and none in any other header.",
    )
    region: Name | None = Field(
        default=None,
        description="For `aws`: the AWS region that requests are signed for. Required for `aws`.",
    )
    service: Name = Field(
        default="bedrock", description="For `aws`: the service name that requests are signed for."
    )
    profile: VisibleText | None = Field(
        default=None,
        description="For `aws`: a profile of the AWS configuration. If unset, the default "
        "credential chain of AWS: environment, files, instance metadata.",
    )
    access_key_id: Secret | None = Field(
        default=None,
        description="For `aws`, together with `secret_access_key`: static credentials instead of "
        "the default credential chain.",
    )
    secret_access_key: Secret | None = Field(
        default=None, description="For `aws`: the secret of `access_key_id`."
    )
    session_token: Secret | None = Field(
        default=None, description="For `aws`: the session token of a temporary `access_key_id`."
    )
    credentials_file: FilePath | None = Field(
        default=None,
        description="For `google`: a service account key or a workload identity configuration, as "
        "a JSON file. If unset, the application default credentials.",
    )
    scope: VisibleText | None = Field(
        default=None,
        description="For `google` and `azure_ad`: the OAuth scope of the tokens. If unset, the "
        "scope of the vendor's model API.",
    )
    tenant_id: VisibleText | None = Field(
        default=None,
        description="For `azure_ad`, together with `client_secret`: the directory (tenant) of the "
        "application.",
    )
    client_id: VisibleText | None = Field(
        default=None,
        description="For `azure_ad`: the application, or one of several managed identities. If "
        "unset, the identity of the machine.",
    )
    client_secret: Secret | None = Field(
        default=None, description="For `azure_ad`: the client secret of the application."
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
"""The keys of each kind."""

_TOGETHER = (
    ("secret_access_key", "access_key_id"),
    ("access_key_id", "secret_access_key"),
    ("session_token", "access_key_id"),
    ("client_secret", "client_id"),
    ("client_secret", "tenant_id"),
    ("tenant_id", "client_secret"),
)
"""Pairs of keys; the first requires the second."""


def check_auth(path: KeyPath, auth: AuthSection, problems: ProblemList) -> None:
    """Report keys of another kind, and keys without their counterpart."""
    known = KEYS_OF_KIND[auth.kind]
    for key, field in AuthSection.model_fields.items():
        if key not in known | {"kind"} and getattr(auth, key) != field.default:
            allowed = listing([name for name in AuthSection.model_fields if name in known])
            problems.at_key((*path, key), f"has no effect with kind `{auth.kind.value}`", allowed)
    for key, other in _TOGETHER:
        if key in known and getattr(auth, key) is not None and getattr(auth, other) is None:
            problems.at_value((*path, other), f"is missing, required with `{key}`")
    if auth.kind is AuthKind.AWS and auth.region is None:
        problems.at_value((*path, "region"), "is missing: requests are signed for a region")
    if auth.profile is not None and auth.access_key_id is not None:
        problems.at_key(
            (*path, "profile"), "conflicts with `access_key_id`", "`profile` or `access_key_id`"
        )
