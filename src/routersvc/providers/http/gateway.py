"""The gateway to all providers: finds the provider of a deployment and opens attempts on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import httpx

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.engine.ports import AttemptCall
from routersvc.providers.errors.http_failures import TRANSPORT_ERRORS, Stage, failure_of_exception
from routersvc.providers.http.attempts import (
    MAX_ERROR_BODY_BYTES,
    HttpAttempt,
    body_of,
    response_head,
)
from routersvc.providers.http.connections import ProviderClient, ProviderConnection
from routersvc.providers.http.transport import AiohttpTransport, ConnectionCounts

SHORT_ANSWER_BYTES = 64 * 1024
"""The length up to which a successful health check is read, so that its connection is kept."""


class ProviderGateway:
    """The engine's `Gateway` over HTTP. `wall_clock` gives Unix time.

    `kept` are clients of the gateway before that are used on, with their connections. A client is
    closed when the last gateway that uses it is.
    """

    def __init__(
        self,
        providers: Mapping[str, ProviderConnection],
        *,
        wall_clock: Callable[[], float],
        kept: Mapping[str, ProviderClient] | None = None,
    ) -> None:
        own = {name: ProviderClient(connection) for name, connection in providers.items()}
        self._clients = {**(kept or {}), **own}
        for client in self._clients.values():
            client.hold()
        self._closed = False
        self._wall_clock = wall_clock

    def open(self, call: AttemptCall) -> HttpAttempt:
        """Prepare an attempt. Does no I/O: the first `receive` does.

        Raises:
            KeyError: no provider of this name is configured.
        """
        client = self._clients[call.deployment.provider.name]
        return HttpAttempt(call, client, wall_clock=self._wall_clock)

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Health-check the provider with a request that is not billed.

        Shows that the provider answers and accepts the credential, not that the model works. The
        caller limits the time.

        Raises:
            AttemptFailedError: no successful response came.
        """
        client = self._clients[deployment.provider.name]
        request = await client.request(
            client.wire_format.probe(),
            credential=deployment.credential,
            headers={},
            connect_timeout=connect_timeout,
        )
        body = bytearray()
        try:
            response = await client.transport.handle_async_request(request)
            async with contextlib.aclosing(response):
                if response.is_success and not _is_short(response):
                    # The status is the result: closing the connection is cheaper than reading on.
                    return
                async for data in body_of(response):
                    body += data[: MAX_ERROR_BODY_BYTES - len(body)]
                    if len(body) == MAX_ERROR_BODY_BYTES:
                        break
        except TRANSPORT_ERRORS as error:
            raise AttemptFailedError(
                failure_of_exception(error, Stage.BEFORE_RESPONSE, connection_was_idle=False)
            ) from error
        if not response.is_success:
            head = response_head(response, received_at=self._wall_clock())
            failure = client.wire_format.decode_failure(head, bytes(body))
            client.note_failure(failure, credential=deployment.credential)
            raise AttemptFailedError(failure)

    @property
    def clients(self) -> Mapping[str, ProviderClient]:
        """The clients by provider."""
        return self._clients

    @property
    def connections(self) -> Mapping[str, ConnectionCounts]:
        """Connections by provider, for those on the default transport."""
        return {
            name: client.transport.connections
            for name, client in self._clients.items()
            if isinstance(client.transport, AiohttpTransport)
        }

    async def aclose(self) -> None:
        """Close every connection that no other gateway uses. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for client in self._clients.values():
            await client.release()


def _is_short(response: httpx.Response) -> bool:
    length = response.headers.get("content-length", "")
    return length.isdecimal() and int(length) <= SHORT_ANSWER_BYTES
