"""What stands behind references: secrets of providers and tenants, and all that adapters need.

Secrets and certificate files are read here, once, when the settings are loaded.
"""

from __future__ import annotations

import dataclasses
import json
import ssl
from collections.abc import Mapping
from pathlib import Path

from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.checks.tenants import check_keys
from routersvc.settings.problems import KeyPath
from routersvc.settings.sections.auth import AuthKind, AuthSection
from routersvc.settings.sections.providers import DEFAULT_CREDENTIAL, ProviderSection
from routersvc.settings.sections.tenants import TenantSection
from routersvc.settings.sections.wire_formats import WireFormat
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.types.secrets import SecretReference, SecretUnavailableError


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """How a certificate is verified; a `ca_file` of `None` means the system's own."""

    ca_file: Path | None
    verify: bool


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Connections:
    """How many connections are kept; `keepalive_timeout` is in seconds."""

    limit: int
    keepalive_timeout: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeyAuth:
    """A key in a header; `None` leaves header or scheme to the vendor's custom."""

    header: str | None = None
    scheme: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AwsKey:
    """An access key of AWS."""

    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AwsAuth:
    """A signature, with a `key` or with what AWS's own tools find."""

    region: str
    service: str
    profile: str | None
    key: AwsKey | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GoogleAuth:
    """Tokens for Google Cloud; `None` leaves file or scope to what is usual."""

    credentials_file: Path | None
    scope: str | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AzureAdAuth:
    """Tokens of Azure AD; with a `client_secret`, `tenant_id` and `client_id` are set."""

    tenant_id: str | None
    client_id: str | None
    client_secret: Secret | None
    scope: str | None


Auth = KeyAuth | AwsAuth | GoogleAuth | AzureAdAuth


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """How a provider is called. `base_url` has no closing slash.

    `credentials` are found by the name that a deployment's `credential` holds; there is none for
    a deployment whose `credential` is empty. Where `auth` is no `KeyAuth`, it is the one credential
    `default` itself, and `credentials` are empty.
    """

    provider: str
    wire_format: str
    dialect: str
    base_url: str
    credentials: Mapping[str, Secret]
    auth: Auth
    headers: Mapping[str, Secret]
    query: Mapping[str, str]
    tls: Tls
    connections: Connections


class Reader:
    """Reads what the settings refer to, and reports what is not there.

    Relative paths start at `folder`.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path, problems: ProblemList) -> None:
        self._environment = environment
        self._folder = folder
        self._problems = problems

    def endpoint(
        self, name: str, provider: ProviderSection, wire_formats: Mapping[str, WireFormat]
    ) -> Endpoint:
        """Return how a provider is called; complete only where nothing had to be reported."""
        path = ("providers", name)
        credentials = self._secrets((*path, "credentials"), provider.credentials)
        if provider.api_key is not None:
            key = self._secret((*path, "api_key"), provider.api_key)
            credentials = {} if key is None else {DEFAULT_CREDENTIAL: key}
        wire_format = wire_formats.get(provider.wire_format)
        default_dialect = "" if wire_format is None else wire_format.default_dialect
        return Endpoint(
            provider=name,
            wire_format=provider.wire_format,
            dialect=provider.dialect or default_dialect,
            base_url=provider.base_url,
            credentials=credentials,
            auth=self._auth((*path, "auth"), provider.auth),
            headers=self.headers((*path, "headers"), provider.headers),
            query=provider.query,
            tls=Tls(
                ca_file=self._ca_file((*path, "tls", "ca_file"), provider.tls.ca_file),
                verify=not provider.tls.insecure_skip_verify,
            ),
            connections=Connections(
                limit=provider.connections.limit,
                keepalive_timeout=provider.connections.keepalive_timeout,
            ),
        )

    def headers(
        self, path: KeyPath, headers: Mapping[str, SecretReference | str]
    ) -> dict[str, Secret]:
        """Return the values of headers, all of them as secrets: nobody prints a header."""
        literal = {name: Secret(value) for name, value in headers.items() if isinstance(value, str)}
        references = {
            name: value for name, value in headers.items() if isinstance(value, SecretReference)
        }
        found = literal | self._secrets(path, references)
        return {name: found[name] for name in headers if name in found}

    def api_keys(self, tenants: Mapping[str, TenantSection]) -> dict[str, tuple[Secret, ...]]:
        """Return the keys of each tenant; complete only where nothing had to be reported."""
        found = {
            name: tuple(
                self._secret(("tenants", name, "api_keys", place), reference)
                for place, reference in enumerate(tenant.api_keys)
            )
            for name, tenant in tenants.items()
        }
        check_keys(found, self._problems)
        return {
            name: tuple(secret for secret in secrets if secret is not None)
            for name, secrets in found.items()
        }

    def _secrets(
        self, path: KeyPath, references: Mapping[str, SecretReference]
    ) -> dict[str, Secret]:
        found = {
            name: self._secret((*path, name), reference) for name, reference in references.items()
        }
        return {name: secret for name, secret in found.items() if secret is not None}

    def _secret(self, path: KeyPath, reference: SecretReference) -> Secret | None:
        try:
            return reference.resolve(self._environment, self._folder)
        except SecretUnavailableError as error:
            self._problems.at_value(path, str(error))
            return None

    def _auth(self, path: KeyPath, auth: AuthSection | None) -> Auth:
        """Return what lets calls in; complete only where nothing had to be reported."""
        if auth is None:
            return KeyAuth()
        match auth.kind:
            case AuthKind.KEY:
                return KeyAuth(header=auth.header, scheme=auth.scheme)
            case AuthKind.AWS:
                return AwsAuth(
                    region=auth.region or "",
                    service=auth.service,
                    profile=auth.profile,
                    key=self._aws_key(path, auth),
                )
            case AuthKind.GOOGLE:
                return GoogleAuth(
                    credentials_file=self._json_file(
                        (*path, "credentials_file"), auth.credentials_file
                    ),
                    scope=auth.scope,
                )
            case AuthKind.AZURE_AD:
                return AzureAdAuth(
                    tenant_id=auth.tenant_id,
                    client_id=auth.client_id,
                    client_secret=self._optional_secret(
                        (*path, "client_secret"), auth.client_secret
                    ),
                    scope=auth.scope,
                )

    def _aws_key(self, path: KeyPath, auth: AuthSection) -> AwsKey | None:
        key = self._optional_secret((*path, "access_key_id"), auth.access_key_id)
        secret = self._optional_secret((*path, "secret_access_key"), auth.secret_access_key)
        token = self._optional_secret((*path, "session_token"), auth.session_token)
        if key is None or secret is None:
            return None
        return AwsKey(access_key_id=key, secret_access_key=secret, session_token=token)

    def _optional_secret(self, path: KeyPath, reference: SecretReference | None) -> Secret | None:
        return None if reference is None else self._secret(path, reference)

    def _json_file(self, path: KeyPath, file: str | None) -> Path | None:
        if file is None:
            return None
        full = self._folder / file
        try:
            holds_object = isinstance(json.loads(full.read_bytes()), dict)
        except OSError as error:
            reason = (error.strerror or "no usable file").lower()
            self._problems.at_value(path, f"cannot be read: {reason}", "a JSON file")
        except ValueError:
            self._problems.at_value(path, "holds no JSON", "a JSON file")
        else:
            if not holds_object:
                self._problems.at_value(path, "holds no JSON object", "a JSON file")
        return full

    def _ca_file(self, path: KeyPath, file: str | None) -> Path | None:
        if file is None:
            return None
        full = self._folder / file
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=full)
        except ssl.SSLError:
            self._problems.at_value(path, "holds no certificates", "a PEM file")
        except OSError as error:
            reason = (error.strerror or "no usable file").lower()
            self._problems.at_value(path, f"cannot be read: {reason}", "a PEM file")
        return full
