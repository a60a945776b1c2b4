"""The client for asyncio. Cancelling a call also cancels it at the router and the provider."""

from __future__ import annotations

import inspect
import types
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Self, TypeVar

import grpc
import grpc.aio

from llmrouter.channels import (
    DEFAULT_TIMEOUT,
    SERVICE_CONFIG,
    bearer,
    channel_options,
    tls_credentials,
)
from llmrouter.errors import CallError, IncompleteStreamError, call_error
from llmrouter.stream_recovery import DEFAULT_STREAM_RECOVERY, with_stream_recovery
from llmrouter.v1.catalogue_service_pb2 import ListModelsRequest, ListModelsResponse
from llmrouter.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from llmrouter.v1.router_service_pb2 import (
    CompleteRequest,
    CompleteResponse,
    ExplainRouteRequest,
    ExplainRouteResponse,
    ProviderHealthRequest,
    ProviderHealthResponse,
    StreamCompleteRequest,
    StreamCompleteResponse,
)
from llmrouter.v1.router_service_pb2_grpc import RouterServiceStub
from llmrouter.v1.routing_pb2 import StreamRecoveryMode

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

AsyncToken = str | Callable[[], str | Awaitable[str]]

_CONNECTED = frozenset({grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE})


class AsyncRouterClient:
    """Calls one router. Leaving the context closes the connection and cancels running calls.

    TLS verifies the router by the system's certificates, or by those of `ca_file`; `plaintext`
    disables TLS. `client_certificate` names the files of a certificate chain and its private key.
    `token` is sent as a bearer token with every call; a function is called before each call.
    `default_timeout` (seconds) is the deadline of calls without `timeout`; `None` leaves it to
    the router. `stream_recovery` applies to streams whose request sets no mode;
    `STREAM_RECOVERY_MODE_UNSPECIFIED` leaves it to the policy. Create a client in a running event
    loop.
    """

    def __init__(
        self,
        address: str,
        *,
        plaintext: bool = False,
        ca_file: str | Path | None = None,
        client_certificate: tuple[str | Path, str | Path] | None = None,
        token: AsyncToken | None = None,
        default_timeout: float | None = DEFAULT_TIMEOUT,
        service_config: str | None = SERVICE_CONFIG,
        stream_recovery: StreamRecoveryMode.ValueType = DEFAULT_STREAM_RECOVERY,
    ) -> None:
        self.address = address
        self._token = token
        self._default_timeout = default_timeout
        self._stream_recovery = stream_recovery
        options = channel_options(service_config)
        self._channel = (
            grpc.aio.insecure_channel(address, options=options)
            if plaintext
            else grpc.aio.secure_channel(
                address, tls_credentials(ca_file, client_certificate), options=options
            )
        )
        self._stub = RouterServiceStub(self._channel)
        self._catalogue = CatalogueServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection at once. Idempotent."""
        await self._channel.close()

    async def complete(
        self, request: CompleteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> CompleteResponse:
        """Return the whole answer.

        With `wait` the call waits for a connection until the deadline; without, it fails at once
        if there is none.

        Raises:
            CallError: the call failed.
        """
        return await self._unary(self._stub.Complete, request, timeout, wait=wait)

    async def stream(
        self, request: StreamCompleteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> AsyncGenerator[StreamCompleteResponse]:
        """Yield the events of the answer as they arrive. Closing the iterator cancels the call.

        A broken stream starts over after a `recovered` event, unless the request or the client sets
        another recovery mode; `AnswerText` follows such events.

        Raises:
            CallError: the answer is incomplete, whatever has been yielded.
        """
        metadata = await self._metadata()
        call = self._stub.StreamComplete(
            with_stream_recovery(request, self._stream_recovery),
            timeout=self._timeout(timeout),
            metadata=metadata,
            wait_for_ready=wait,
        )
        is_finished = False
        try:
            async for event in call:
                is_finished = event.HasField("finished")
                yield event
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error
        finally:
            call.cancel()
        if not is_finished:
            raise IncompleteStreamError

    async def explain(
        self, request: ExplainRouteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ExplainRouteResponse:
        """Return where a request would go and why, or where a past one went.

        Raises:
            CallError: the call failed.
        """
        return await self._unary(self._stub.ExplainRoute, request, timeout, wait=wait)

    async def health(
        self, request: ProviderHealthRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ProviderHealthResponse:
        """Return the health of the deployments.

        Raises:
            CallError: the call failed.
        """
        return await self._unary(self._stub.ProviderHealth, request, timeout, wait=wait)

    async def models(
        self, request: ListModelsRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ListModelsResponse:
        """Return the models that the caller can use.

        Raises:
            CallError: the call failed.
        """
        return await self._unary(self._catalogue.ListModels, request, timeout, wait=wait)

    async def _unary(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None,
        *,
        wait: bool,
    ) -> _Response:
        metadata = await self._metadata()
        try:
            return await method(
                request, timeout=self._timeout(timeout), metadata=metadata, wait_for_ready=wait
            )
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    async def _metadata(self) -> tuple[tuple[str, str], ...]:
        if self._token is None:
            return ()
        given = self._token if isinstance(self._token, str) else self._token()
        return bearer(await given if inspect.isawaitable(given) else given)

    def _timeout(self, timeout: float | None) -> float | None:
        return self._default_timeout if timeout is None else timeout

    def _translated(self, error: grpc.aio.AioRpcError) -> CallError:
        return call_error(
            error.code(),
            error.details(),
            tuple(error.trailing_metadata()),
            address=self.address,
            connected=self._channel.get_state() in _CONNECTED,
        )
