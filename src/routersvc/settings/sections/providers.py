"""The `providers` section: API accounts at vendors and self-hosted servers."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from pydantic import Field

from routersvc.domain.catalogue.deployments import Compliance
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
"""The name of the single credential of `api_key` or `auth`."""


class ComplianceSection(Section):
    """Contract terms with the vendor. A term that is not stated counts as not granted."""

    zero_data_retention: bool = Field(
        default=False, description="The provider stores nothing after the answer."
    )
    no_training: bool = Field(default=False, description="The provider does not train on requests.")
    data_classes: Names = Field(
        default=(),
        description="Classes of regulated data that the provider is cleared for, by names of your "
        "choice, such as `phi` or `pii`.",
    )

    def value(self, *, region: str | None) -> Compliance:
        """Return the terms, with the region where requests are processed."""
        return Compliance(
            region=region,
            zero_data_retention=self.zero_data_retention,
            no_training=self.no_training,
            data_classes=frozenset(self.data_classes),
        )


class TlsSection(Section):
    """Verification of the certificate of an `https` address."""

    ca_file: FilePath | None = Field(
        default=None,
        description="A PEM file with the CA certificates to trust, relative to the folder of this "
        "file. If unset, those of the system.",
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Do not verify the certificate, which makes the connection open to "
        "interception. For tests only.",
    )


class HttpClient(enum.Enum):
    """What sends the requests to a provider."""

    BUILT_IN = "built_in"
    AIOHTTP = "aiohttp"


class ConnectionsSection(Section):
    """The connection pool of a provider."""

    limit: int = Field(
        default=1_000,
        ge=1,
        le=65_535,
        description="The largest number of concurrent attempts, each on its own connection. "
        "Further attempts go to other providers.",
    )
    keepalive_timeout: Duration = Field(
        default=30.0,
        description="Idle connections are closed after this time. Keep it below the provider's "
        "own timeout, or requests fail on connections that are being closed.",
    )
    max_age: Duration = Field(
        default=600.0,
        description="Connections of this age are closed once they are idle, so that requests "
        "follow changes of DNS and of the provider's load balancing.",
    )
    http_client: HttpClient = Field(
        default=HttpClient.BUILT_IN,
        description="What sends the requests: the service's own HTTP/1.1 client, or that of "
        "aiohttp, which costs more CPU.",
    )


class ProxySection(Section):
    """The HTTP proxy for the requests to a provider."""

    url: HttpUrl | None = Field(
        default=None,
        description="The address of the proxy, such as `http://proxy.example:3128`, without "
        "credentials. If unset, that of the environment: `HTTPS_PROXY`, `HTTP_PROXY` or "
        "`ALL_PROXY`, unless `NO_PROXY` lists the host.",
    )
    username: str | None = Field(default=None, description="The user name for the proxy at `url`.")
    password: Secret | None = Field(
        default=None, description="The password for the proxy at `url`."
    )
    from_environment: bool = Field(
        default=True, description="Whether the proxy of the environment is used without a `url`."
    )


class ProviderSection(Section):
    """An API account at a vendor, or a self-hosted server."""

    wire_format: Name = Field(description="The wire format of the API, such as `openai_chat`.")
    dialect: Name | None = Field(
        default=None,
        description="The vendor's variant of the wire format. If unset, the format's default "
        "dialect.",
    )
    base_url: HttpUrl = Field(
        description="The base URL up to and including the version, such as "
        "`https://api.openai.com/v1`, without credentials."
    )
    api_key: Secret | None = Field(
        default=None,
        description="The single credential, which is named `default`. Without this, `credentials` "
        "and `auth`, requests carry no credential.",
    )
    credentials: Mapping[Name, Secret] = Field(
        default={},
        description="Several credentials by name, instead of `api_key`. Each deployment selects "
        "one with `credential`.",
    )
    auth: AuthSection | None = Field(
        default=None,
        description="Authentication other than a key in the vendor's usual header.",
    )
    headers: Mapping[HeaderName, HeaderValue] = Field(
        repr=False,
        default={},
        description="Headers added to every request. A value can be a secret by reference; "
        "credentials such as `Authorization` must be.",
    )
    query: Mapping[Name, str] = Field(
        default={},
        description="Query parameters added to every request, such as `api-version` at Azure. "
        "They come before those of the dialect. Must not contain secrets.",
    )
    region: Name | None = Field(
        default=None,
        description="The region of deployments that set none, a name of your choice. If unset, "
        "the region is unknown, and requests that are limited to regions are not sent "
        "there.",
    )
    compliance: ComplianceSection = Field(
        default=ComplianceSection(),
        description="Contract terms with the vendor. Deployments can override each key.",
    )
    tls: TlsSection = Field(
        default=TlsSection(), description="Verification of the certificate of an `https` address."
    )
    connections: ConnectionsSection = Field(
        default=ConnectionsSection(), description="The connection pool."
    )
    proxy: ProxySection = Field(
        default=ProxySection(), description="The HTTP proxy for the requests to the provider."
    )
    cancel_stops_billing: bool | None = Field(
        default=None,
        description="Whether closing a stream ends billing. If unset, as known of the dialect.",
    )


def credential_names(provider: ProviderSection) -> tuple[str, ...]:
    """Return the names of a provider's credentials."""
    if provider.auth is not None and provider.auth.kind is not AuthKind.KEY:
        return (DEFAULT_CREDENTIAL,)
    return (DEFAULT_CREDENTIAL,) if provider.api_key is not None else tuple(provider.credentials)
