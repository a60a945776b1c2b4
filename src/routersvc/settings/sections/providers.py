"""The `providers` section: how an API account at a vendor or a self-hosted server is reached."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from routersvc.settings.sections.auth import AuthKind, AuthSection
from routersvc.settings.types.fields import (
    Duration,
    FilePath,
    HeaderName,
    HeaderValue,
    HttpUrl,
    Name,
    Names,
    Secret,
    Section,
)

DEFAULT_CREDENTIAL = "default"
"""The name of the one credential that `api_key` or `auth` gives."""


class ComplianceSection(Section):
    """What is contracted with the vendor. What is not stated counts as not given."""

    zero_data_retention: bool = Field(
        default=False, description="The provider keeps nothing after the answer."
    )
    no_training: bool = Field(default=False, description="The provider does not train on requests.")
    data_classes: Names = Field(
        default=(),
        description="Classes of regulated data it is cleared for, by names of your own, "
        "for example `phi` or `pii`.",
    )


class TlsSection(Section):
    """How an `https` address is verified."""

    ca_file: FilePath | None = Field(
        default=None,
        description="PEM file with the certificates to trust instead of the system's own; "
        "a relative path starts at the folder of this file.",
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Do not verify the certificate: whoever stands in the middle reads along. "
        "For tests alone.",
    )


class ConnectionsSection(Section):
    """How many connections are kept to the provider."""

    limit: int = Field(
        default=1_000,
        ge=1,
        le=65_535,
        description="Attempts that run at once, each on a connection of its own; one beyond them "
        "goes to another provider.",
    )
    keepalive_timeout: Duration = Field(
        default=30.0,
        description="An idle connection is closed after this long: sooner than the provider "
        "would, so that no request meets a connection that is just going away.",
    )


class ProviderSection(Section):
    """An API account at a vendor, or a self-hosted server."""

    wire_format: Name = Field(description="How it speaks, for example `openai_chat`.")
    dialect: Name | None = Field(
        default=None,
        description="The vendor's own manner of the wire format, where it differs. "
        "Left out: the plain one.",
    )
    base_url: HttpUrl = Field(
        description="Where it is called, up to and including the version, for example "
        "`https://api.openai.com/v1`. Holds no credentials."
    )
    api_key: Secret | None = Field(
        default=None,
        description="The one credential, named `default`. Neither this nor `credentials`: "
        "calls carry none.",
    )
    credentials: Mapping[Name, Secret] = Field(
        default={},
        description="Several credentials by name; deployments choose one by `credential`.",
    )
    auth: AuthSection | None = Field(
        default=None,
        description="What lets calls in, where it is not a key in the vendor's usual header.",
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        repr=False,
        default={},
        description="Headers that every call carries. A value may be a secret by reference; "
        "that of `Authorization` and the like must be.",
    )
    query: Mapping[Name, str] = Field(
        default={},
        description="Parameters that the address of every call carries, for example "
        "`api-version` at Azure. They go before those that the dialect knows. Hold no secrets.",
    )
    region: Name | None = Field(
        default=None,
        description="Region of its deployments where they state none, by a name of your own. "
        "Left out: not known, so never compliant where a request limits regions.",
    )
    compliance: ComplianceSection = Field(
        default=ComplianceSection(),
        description="What is contracted; its deployments can override each key.",
    )
    tls: TlsSection = Field(default=TlsSection(), description="How its certificate is verified.")
    connections: ConnectionsSection = Field(
        default=ConnectionsSection(), description="How many connections are kept."
    )
    cancel_stops_billing: bool | None = Field(
        default=None,
        description="Whether closing a stream ends what is billed. Left out: what is known of "
        "the dialect.",
    )


def credential_names(provider: ProviderSection) -> tuple[str, ...]:
    """Return the names of a provider's credentials."""
    if provider.auth is not None and provider.auth.kind is not AuthKind.KEY:
        return (DEFAULT_CREDENTIAL,)
    return (DEFAULT_CREDENTIAL,) if provider.api_key is not None else tuple(provider.credentials)
