"""Prepares what the service runs by from the settings: once at the start, and for each reload.

Preparing does no I/O but what the settings have done already, and changes nothing: what fails here
leaves the running service as it is. It may take a while, so reloads prepare in a thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping

from routersvc.app.access import IssuerKeys, access_rules
from routersvc.app.options import profiler, provider_connections, server_options
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.fleet.disablements import Credential
from routersvc.domain.fleet.reloading.fleet_rules import FleetIdentities
from routersvc.domain.profiling.token_counting import TokenCounter
from routersvc.engine.router import RouterConfiguration
from routersvc.grpc_api.access.authentication import AccessRules
from routersvc.grpc_api.server_options import ServerOptions
from routersvc.providers.http.connections import ProviderConnection
from routersvc.settings.endpoints import (
    AwsAuth,
    AzureAdAuth,
    Endpoint,
    GoogleAuth,
    KeyAuth,
)
from routersvc.settings.settings import Settings


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What the service runs by. `connections` are those of providers that are new or changed."""

    settings: Settings
    router: RouterConfiguration
    server: ServerOptions
    access: AccessRules
    connections: Mapping[str, ProviderConnection]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What configurations are prepared with. `started` are the settings of the start."""

    started: Settings
    counter: TokenCounter
    keys: IssuerKeys
    wall_clock: Callable[[], float]

    def prepare(self, settings: Settings, running: Settings | None = None) -> Configuration:
        """Return the configuration of some settings; `running` are those that it replaces.

        Raises:
            OSError: a file cannot be read.
            ValueError: something cannot be built.
        """
        catalogue = settings.catalogue()
        return Configuration(
            settings=settings,
            router=RouterConfiguration(
                catalogue=catalogue,
                policies=settings.policies(),
                default_policy=settings.default_policy,
                digest=settings.digest,
                max_concurrent_calls=settings.server.max_concurrent_calls,
                rules=settings.fleet_rules(),
                tenants=settings.tenants(),
                profiler=profiler(settings, counter=self.counter),
                decisions=settings.decision_rule(),
                # The size of messages is an option of the server, which is set at the start.
                max_answer_bytes=self.started.server.max_message_bytes,
                identities=identities(settings, catalogue),
            ),
            server=server_options(settings),
            access=access_rules(settings, self.keys, wall_clock=self.wall_clock),
            connections=provider_connections(
                {
                    name: endpoint
                    for name, endpoint in settings.endpoints.items()
                    if running is None or not is_same_endpoint(name, settings, running)
                },
                wall_clock=self.wall_clock,
            ),
        )


def is_same_endpoint(name: str, settings: Settings, running: Settings) -> bool:
    """Whether a provider is called as before: address, secrets, certificates and limits."""
    before, after = running.endpoints.get(name), settings.endpoints.get(name)
    if before is None or after is None:
        return False
    return before == after and _hashes(before, running) == _hashes(after, settings)


def identities(settings: Settings, catalogue: Catalogue) -> FleetIdentities:
    """Return what deployments and credentials are known by.

    A deployment is the same as long as it is the same model at the same address, reached in the
    same way; its secret may be replaced. A credential is the same as long as its secret and the
    address are.
    """
    deployments: dict[str, Hashable] = {}
    credentials: dict[Credential, Hashable] = {}
    for deployment in catalogue.deployments.values():
        endpoint = settings.endpoints[deployment.provider.name]
        deployments[deployment.name] = (
            deployment.provider.name,
            deployment.model.name,
            deployment.wire_model,
            deployment.credential,
            _address(endpoint, settings),
        )
        credentials[Credential.of(deployment)] = (
            _address(endpoint, settings),
            endpoint.credentials.get(deployment.credential),
            endpoint.auth,
            tuple(endpoint.headers.items()),
            _hashes(endpoint, settings),
        )
    return FleetIdentities(deployments=deployments, credentials=credentials)


def _address(endpoint: Endpoint, settings: Settings) -> Hashable:
    """Return how a provider is reached, without its secrets."""
    ca_file = endpoint.tls.ca_file
    return (
        endpoint.wire_format,
        endpoint.dialect,
        endpoint.base_url,
        tuple(endpoint.headers),
        tuple(endpoint.query.items()),
        endpoint.tls,
        "" if ca_file is None else settings.files.get(ca_file, ""),
        None if endpoint.proxy is None else repr(endpoint.proxy),
        _principal(endpoint),
    )


def _principal(endpoint: Endpoint) -> Hashable:
    """Return on whose behalf a provider is called, without its secrets."""
    match endpoint.auth:
        case KeyAuth(header=header, scheme=scheme):
            return header, scheme
        case AwsAuth(region=region, service=service, profile=profile):
            return region, service, profile
        case GoogleAuth(credentials_file=file, scope=scope):
            return file, scope
        case AzureAdAuth(tenant_id=tenant, client_id=client, scope=scope):
            return tenant, client, scope


def _hashes(endpoint: Endpoint, settings: Settings) -> tuple[str, ...]:
    """Return the hashes of the files of an endpoint."""
    files = [endpoint.tls.ca_file]
    if isinstance(endpoint.auth, GoogleAuth):
        files.append(endpoint.auth.credentials_file)
    return tuple("" if file is None else settings.files.get(file, "") for file in files)
