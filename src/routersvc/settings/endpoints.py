"""Resolves secrets and files that the settings refer to, once, when the settings are loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import ssl
from collections.abc import Mapping
from pathlib import Path

from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.checks.tenants import check_keys
from routersvc.settings.problems import KeyPath
from routersvc.settings.proxies import (
    Proxy,
    ProxyBypass,
    UnusableProxyError,
    proxy_of_environment,
)
from routersvc.settings.sections.auth import AuthKind, AuthSection
from routersvc.settings.sections.providers import DEFAULT_CREDENTIAL, ProviderSection
from routersvc.settings.sections.tenants import TenantSection
from routersvc.settings.source.plain_files import require_plain_file
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.types.secrets import (
    SecretReference,
    SecretSource,
    SecretUnavailableError,
)
from routersvc.settings.wire_formats import WireFormat


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """How certificates are verified; without a `ca_file`, with those of the system."""

    ca_file: Path | None
    verify: bool


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Connections:
    """The connection pool; `keepalive_timeout` and `max_age` are in seconds."""

    limit: int
    keepalive_timeout: float
    max_age: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeyAuth:
    """A key in a header; `None` means the vendor's usual header or scheme."""

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
    """Signed requests (SigV4), with a `key` or the default credential chain of AWS."""

    region: str
    service: str
    profile: str | None
    key: AwsKey | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GoogleAuth:
    """Access tokens of Google Cloud; `None` means the default credentials or scope."""

    credentials_file: Path | None
    scope: str | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AzureAdAuth:
    """Access tokens of Azure AD; with a `client_secret`, `tenant_id` and `client_id` are set."""

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
    proxy: Proxy | ProxyBypass | None = None


class Reader:
    """Reads secrets and files, and reports the missing ones.

    Paths are relative to `folder`.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path, problems: ProblemList) -> None:
        self._environment = environment
        self._folder = folder
        self._problems = problems
        self.files: dict[Path, str] = {}
        """The files that it has read, with a hash of those whose path is all that is kept."""

    def endpoint(
        self, name: str, provider: ProviderSection, wire_formats: Mapping[str, WireFormat]
    ) -> Endpoint:
        """Return the endpoint of a provider; incomplete if problems were reported."""
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
                max_age=provider.connections.max_age,
            ),
            proxy=self._proxy(("providers", name), provider),
        )

    def headers(
        self, path: KeyPath, headers: Mapping[str, SecretReference | str]
    ) -> dict[str, Secret]:
        """Return the values of headers, all as secrets, so that no header is ever printed."""
        literal = {name: Secret(value) for name, value in headers.items() if isinstance(value, str)}
        references = {
            name: value for name, value in headers.items() if isinstance(value, SecretReference)
        }
        found = literal | self._secrets(path, references)
        return {name: found[name] for name in headers if name in found}

    def api_keys(self, tenants: Mapping[str, TenantSection]) -> dict[str, tuple[Secret, ...]]:
        """Return the API keys of each tenant; incomplete if problems were reported."""
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
        if reference.source is SecretSource.FILE:
            self.files.setdefault(self._folder / reference.name, "")
        try:
            return reference.resolve(self._environment, self._folder)
        except SecretUnavailableError as error:
            self._problems.at_value(path, str(error))
            return None

    def _auth(self, path: KeyPath, auth: AuthSection | None) -> Auth:
        """Return the authentication; incomplete if problems were reported."""
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

    def _proxy(self, path: KeyPath, provider: ProviderSection) -> Proxy | ProxyBypass | None:
        """Return the proxy for a provider, and report one that cannot be used."""
        proxy = provider.proxy
        if proxy.url is not None:
            return Proxy(
                url=proxy.url,
                source="proxy.url",
                username=proxy.username or "",
                password=self._optional_secret((*path, "proxy", "password"), proxy.password),
            )
        if not proxy.from_environment:
            return None
        try:
            return proxy_of_environment(provider.base_url, self._environment)
        except UnusableProxyError as error:
            self._problems.at_value((*path, "base_url"), str(error))
            return None

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
            require_plain_file(full)
            content = full.read_bytes()
            self.files[full] = hashlib.sha256(content).hexdigest()
            holds_object = isinstance(json.loads(content), dict)
        except OSError as error:
            reason = (error.strerror or "not a regular file").lower()
            self._problems.at_value(path, f"cannot read file: {reason}", "a JSON file")
        except ValueError:
            self._problems.at_value(path, "contains no JSON", "a JSON file")
        else:
            if not holds_object:
                self._problems.at_value(path, "contains no JSON object", "a JSON file")
        return full

    def _ca_file(self, path: KeyPath, file: str | None) -> Path | None:
        if file is None:
            return None
        full = self._folder / file
        try:
            require_plain_file(full)
            self.files[full] = hashlib.sha256(full.read_bytes()).hexdigest()
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=full)
        except ssl.SSLError:
            self._problems.at_value(path, "contains no certificates", "a PEM file")
        except OSError as error:
            reason = (error.strerror or "not a regular file").lower()
            self._problems.at_value(path, f"cannot read file: {reason}", "a PEM file")
        return full
