"""Tries the credentials of settings at their providers, with requests that are not billed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from routersvc.app.options import provider_connections
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.disablements import Credential
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.domain.values import Value
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.settings.settings import Settings

TIMEOUT = 10.0
"""Seconds that a provider has to answer."""


class ConnectionTrial(Value, frozen=True, kw_only=True):
    """What came of trying one credential; `failure` is `None` where the provider took it."""

    provider: str
    credential: str
    base_url: str
    failure: Failure | None


async def try_connections(
    settings: Settings, *, wall_clock: Callable[[], float]
) -> Sequence[ConnectionTrial]:
    """Return what comes of a free request with each credential that a deployment uses.

    `wall_clock` gives Unix time. It shows that the provider is reached and takes the credential,
    not that the models exist.

    Raises:
        OSError: a file that the settings name cannot be read.
    """
    deployments = settings.catalogue().deployments.values()
    tried = {Credential.of(each): each for each in deployments}
    connections = provider_connections(settings.endpoints, wall_clock=wall_clock)
    gateway = ProviderGateway(connections, wall_clock=wall_clock)
    async with contextlib.aclosing(gateway):
        failures = await asyncio.gather(*(_failure(gateway, each) for each in tried.values()))
    return [
        ConnectionTrial(
            provider=credential.provider,
            credential=credential.credential,
            base_url=settings.endpoints[credential.provider].base_url,
            failure=failure,
        )
        for credential, failure in zip(tried, failures, strict=True)
    ]


async def _failure(gateway: ProviderGateway, deployment: Deployment) -> Failure | None:
    try:
        async with asyncio.timeout(TIMEOUT):
            await gateway.probe(deployment, connect_timeout=TIMEOUT)
    except AttemptFailedError as error:
        return error.failure
    except TimeoutError:
        return Failure(
            failure_class=FailureClass.ATTEMPT_TIMEOUT,
            message=f"no answer came within {TIMEOUT:g} s",
        )
    return None
